{{/*
The common parts of all pods. A component writes its own pod, as short as it can be. Here it gets
what every pod has, and what the values of pods (_values.tpl) say.
*/}}

{{/* The pod template of a component. Takes {root, component, own, port?, checksums?}: the component's own pod as YAML, and what its metadata need. */}}
{{- define "splitflap.pod" -}}
metadata:
  {{- include "splitflap.podMetadata" . | nindent 2 }}
spec:
  {{- include "splitflap.podSpec" . | nindent 2 }}
{{- end }}

{{/* The spec of a component's pod. The values are for its first container. Takes {root, component, own}. */}}
{{- define "splitflap.podSpec" -}}
{{- $root := .root -}}
{{- $values := include "splitflap.podValues" . | fromYaml -}}
{{- $own := include "splitflap.parsed" .own | fromYaml -}}
{{- $chosen := pick $values "nodeSelector" "tolerations" "affinity" "priorityClassName" "runtimeClassName" "hostAliases" "dnsPolicy" "terminationGracePeriodSeconds" -}}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with include "splitflap.imagePullSecrets" $root }}
imagePullSecrets:
  {{- . | nindent 2 }}
{{- end }}
{{ include "splitflap.present" (list (dict "securityContext" $root.Values.podSecurityContext) (omit $own "containers" "initContainers" "volumes") $chosen) }}
dnsConfig:
  {{- include "splitflap.dnsConfig" $values.dnsConfig | nindent 2 }}
{{- if has .component (include "splitflap.workloads" $root | fromYamlArray) }}
{{- with include "splitflap.topologySpread" (dict "root" $root "component" .component "spread" $values.topologySpreadConstraints) }}
topologySpreadConstraints:
  {{- . | nindent 2 }}
{{- end }}
{{- end }}
{{- if or $own.initContainers $values.initContainers }}
initContainers:
  {{- range $own.initContainers }}
  - {{- include "splitflap.container" (dict "root" $root "own" . "values" (pick $root.Values.pods "resources")) | nindent 4 }}
  {{- end }}
  {{- with $values.initContainers }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
containers:
  - {{- include "splitflap.container" (dict "root" $root "own" (first $own.containers) "values" $values) | nindent 4 }}
  {{- with $values.extraContainers }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with include "splitflap.unique" (dict "key" "name" "lists" (list $own.volumes $values.extraVolumes)) }}
volumes:
  {{- . | nindent 2 }}
{{- end }}
{{- end }}

{{/* One of the chart's containers. Takes {root, own, values}. */}}
{{- define "splitflap.container" -}}
{{- $own := .own -}}
{{- $values := .values -}}
{{- $joined := dict
    "env" (include "splitflap.unique" (dict "key" "name" "lists" (list $own.env $values.extraEnv)) | fromYamlArray)
    "envFrom" $values.extraEnvFrom
    "volumeMounts" (include "splitflap.unique" (dict "key" "mountPath" "lists" (list $own.volumeMounts $values.extraVolumeMounts)) | fromYamlArray)
    "resources" (mergeOverwrite (deepCopy $values.resources) ($own.resources | default dict)) -}}
{{- range $probe := list "startupProbe" "livenessProbe" "readinessProbe" -}}
{{- with get $own $probe }}{{ $joined = set $joined $probe (mergeOverwrite (deepCopy .) (get $values $probe | default dict)) }}{{ end -}}
{{- end -}}
{{- $basics := dict "imagePullPolicy" .root.Values.image.pullPolicy "securityContext" .root.Values.securityContext -}}
{{- include "splitflap.present" (list $basics $own $joined) -}}
{{- end }}

{{/* Resolvers query a name with a dot first without search domains. Takes the dnsConfig of the values. */}}
{{- define "splitflap.dnsConfig" -}}
{{- $options := include "splitflap.unique" (dict "key" "name" "lists" (list (list (dict "name" "ndots" "value" "1")) .options)) | fromYamlArray -}}
{{- include "splitflap.merged" (list . (dict "options" $options)) -}}
{{- end }}

{{/* Maps in one, as YAML, without empty values: later ones win. Takes the list of maps. */}}
{{- define "splitflap.present" -}}
{{- $all := dict -}}
{{- range $map := . }}{{- range $key, $value := $map }}{{- with $value }}{{- $_ := set $all $key . }}{{ end }}{{- end }}{{- end -}}
{{- toYaml $all -}}
{{- end }}

{{/* A text that must be YAML. Takes the text. */}}
{{- define "splitflap.parsed" -}}
{{- with get (fromYaml .) "Error" }}{{ fail . }}{{ end -}}
{{- . -}}
{{- end }}
