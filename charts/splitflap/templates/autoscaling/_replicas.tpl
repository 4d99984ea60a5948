{{/*
A Deployment's `replicas`, or nothing. Takes {root, component}.

Where an autoscaler sets the number, a manifest must not; but it must not let go of it either:
- Helm 3 (and 4 in its client-side mode) turns a field that has left the manifest into its default,
  1, so that the switch to an autoscaler, and later every upgrade, would end all pods but one.
- Helm 4 in its server-side mode gives the field up; it then becomes 1 unless somebody else has set it.
So the number that is there is written again, except where Helm applies server-side and somebody
else has set it: there the field is left out, for Helm would refuse the upgrade as a conflict if
the number changed in the meantime. A first installation leaves it out; and so do `helm template`
and all who render without a cluster (Argo CD among them, which is to be told to ignore the field).
*/}}
{{- define "splitflap.replicas" -}}
{{- $name := include "splitflap.componentName" . -}}
{{- if not (include "splitflap.isScaled" .) -}}
replicas: {{ (index .root.Values .component).replicas }}
{{- else -}}
{{- $live := lookup "apps/v1" "Deployment" .root.Release.Namespace $name -}}
{{- if $live -}}
{{- /* Kubernetes' own autoscaler wakes nothing from 0, where KEDA may have left it. */ -}}
{{- $least := ternary (index .root.Values.autoscaling .component).minReplicas 0 (eq .root.Values.autoscaling.mode "hpa") | int -}}
{{- $now := int $live.spec.replicas -}}
{{- if or (lt $now $least) (not (include "splitflap.isScaledByOthers" $live)) -}}
replicas: {{ max $now $least }}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* Whether an autoscaler sets a component's number of pods: "true", or nothing. Takes {root, component}. */}}
{{- define "splitflap.isScaled" -}}
{{- if and (ne .root.Values.autoscaling.mode "none") (hasKey .root.Values.autoscaling .component) -}}true{{- end -}}
{{- end }}

{{/* Whether Helm applies a live Deployment server-side, and somebody else has set its replicas: "true", or nothing. */}}
{{- define "splitflap.isScaledByOthers" -}}
{{- $helmApplies := false -}}
{{- $others := false -}}
{{- range .metadata.managedFields -}}
{{- $spec := dig "f:spec" dict (.fieldsV1 | default dict) -}}
{{- if and (eq .operation "Apply") (eq .manager "helm") -}}
{{- $helmApplies = true -}}
{{- else if hasKey $spec "f:replicas" -}}
{{- $others = true -}}
{{- end -}}
{{- end -}}
{{- if and $helmApplies $others -}}true{{- end -}}
{{- end }}
