{{/*
A Deployment's `replicas`, or nothing. Takes {root, component}.

If an autoscaler sets the number, the manifest must neither set nor drop the field:
- Helm 3, and Helm 4 in client-side mode, reset a dropped field to its default, 1. The switch to an
  autoscaler, and later every upgrade, would end all pods but one.
- Helm 4 in server-side mode gives the field up. It becomes 1 unless another manager has set it.

So the manifest repeats the live number, with one exception. If Helm applies server-side and another
manager has set the number, the manifest omits it: a change in the meantime would be a conflict, and
Helm would refuse the upgrade. A first installation omits the field too, as does every rendering
without a cluster, such as `helm template` or Argo CD. Configure Argo CD to ignore the field.
*/}}
{{- define "splitflap.replicas" -}}
{{- $name := include "splitflap.componentName" . -}}
{{- if not (include "splitflap.isScaled" .) -}}
replicas: {{ (index .root.Values .component).replicas }}
{{- else -}}
{{- $live := lookup "apps/v1" "Deployment" .root.Release.Namespace $name -}}
{{- if $live -}}
{{- /* Kubernetes' own autoscaler never scales from 0, the number that KEDA may have left. */ -}}
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

{{/* Whether Helm applies a live Deployment server-side and another manager has set its replicas: "true", or nothing. */}}
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
