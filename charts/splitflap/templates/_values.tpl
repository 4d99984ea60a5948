{{/*
The values of pods: `pods` has those of all pods, and each component may have any of them too. This
file is the one place that knows how a component's own value and the shared one become one.
*/}}

{{/* How both become one: lists by the key of an item, where an own item replaces a shared one; maps by their keys. An own value replaces each other value. */}}
{{- define "splitflap.joined" -}}
extraEnv: name
extraEnvFrom: ""
extraVolumes: name
extraVolumeMounts: mountPath
extraContainers: name
initContainers: name
hostAliases: ip
{{- end }}
{{- define "splitflap.merging" -}}
[podLabels, podAnnotations, resources, startupProbe, livenessProbe, readinessProbe, dnsConfig, strategy]
{{- end }}

{{/* What a component takes from another one. The migration has the API's access to the database, and the pod of `helm test` its nodes. */}}
{{- define "splitflap.borrowed" -}}
migrate: [extraEnv, extraEnvFrom, extraVolumes, extraVolumeMounts, initContainers]
test: [nodeSelector, tolerations, affinity, priorityClassName, runtimeClassName]
{{- end }}

{{/* A component's part of the values, as YAML. Takes {root, component}. */}}
{{- define "splitflap.partOf" -}}
{{- index .root.Values (ternary "helmTest" .component (eq .component "test")) | toYaml -}}
{{- end }}

{{/* The values of a component's pod, as YAML, with templates filled in. Takes {root, component}. */}}
{{- define "splitflap.podValues" -}}
{{- $values := .root.Values -}}
{{- $shared := $values.pods -}}
{{- $borrowed := get (include "splitflap.borrowed" . | fromYaml) .component | default list -}}
{{- /* A sidecar that never ends would keep a pod that should. */}}
{{- if $borrowed }}{{ $shared = omit $shared "extraContainers" }}{{ end -}}
{{- $joined := include "splitflap.joined" . | fromYaml -}}
{{- $merging := include "splitflap.merging" . | fromYamlArray -}}
{{- $all := dict -}}
{{- $api := dict -}}
{{- range $borrowed }}{{ if hasKey $values.api . }}{{ $api = set $api . (get $values.api .) }}{{ end }}{{ end -}}
{{- range $layer := list $shared $api (include "splitflap.partOf" . | fromYaml) -}}
{{- range $name := keys $values.pods -}}
{{- if hasKey $layer $name -}}
{{- $value := get $layer $name -}}
{{- if hasKey $joined $name -}}
{{- $value = include "splitflap.unique" (dict "key" (get $joined $name) "lists" (list (get $all $name | default list) $value)) | fromYamlArray -}}
{{- else if has $name $merging -}}
{{- $before := get $all $name | default dict -}}
{{- $options := include "splitflap.unique" (dict "key" "name" "lists" (list $before.options $value.options)) | fromYamlArray -}}
{{- $value = mergeOverwrite (deepCopy $before) $value (ternary (dict "options" $options) dict (eq $name "dnsConfig")) -}}
{{- end -}}
{{- $_ := set $all $name $value -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- include "splitflap.filled" (dict "root" .root "text" (toYaml $all)) -}}
{{- end }}

{{/* A text of the values with its templates filled in. Takes {root, text}. */}}
{{- define "splitflap.filled" -}}
{{- if contains "{{" .text }}{{ tpl .text .root }}{{ else }}{{ .text }}{{ end -}}
{{- end }}
