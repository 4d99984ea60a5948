{{/*
The values of pods: `pods` has those of all pods, and each component may have any of them too. This
file is the one place that knows how a component's own value and the shared one become one.
*/}}

{{/* The lists that become one, each with the key of its items: an own item replaces a shared one. */}}
{{- define "splitflap.joined" -}}
extraEnv: name
extraEnvFrom: ""
extraVolumes: name
extraVolumeMounts: mountPath
extraContainers: name
initContainers: name
hostAliases: ip
{{- end }}

{{/* The maps that become one, by their keys. dnsConfig does too, with its list of options. An own value replaces each other value. */}}
{{- define "splitflap.merging" -}}
[podLabels, podAnnotations, resources, startupProbe, livenessProbe, readinessProbe, strategy]
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
{{- $borrowed := dict -}}
{{- with get (include "splitflap.borrowed" . | fromYaml) .component -}}
{{- range . }}{{ if hasKey $values.api . }}{{ $borrowed = set $borrowed . (get $values.api .) }}{{ end }}{{ end -}}
{{- /* These pods end. A container that does not would keep them. */}}
{{- $shared = omit $shared "extraContainers" -}}
{{- end -}}
{{- $joined := include "splitflap.joined" . | fromYaml -}}
{{- $merging := include "splitflap.merging" . | fromYamlArray -}}
{{- $all := dict -}}
{{- range $layer := list $shared $borrowed (include "splitflap.partOf" . | fromYaml) -}}
{{- range $name, $value := $layer -}}
{{- $before := get $all $name -}}
{{- if not (hasKey $values.pods $name) -}}
{{- else if hasKey $joined $name -}}
{{- $all = set $all $name (include "splitflap.unique" (dict "key" (get $joined $name) "lists" (list $before $value)) | fromYamlArray) -}}
{{- else if eq $name "dnsConfig" -}}
{{- $options := include "splitflap.unique" (dict "key" "name" "lists" (list (dig "options" list ($before | default dict)) $value.options)) -}}
{{- $all = set $all $name (include "splitflap.merged" (list ($before | default dict) $value (dict "options" (fromYamlArray $options))) | fromYaml) -}}
{{- else if has $name $merging -}}
{{- $all = set $all $name (mergeOverwrite (deepCopy ($before | default dict)) $value) -}}
{{- else -}}
{{- $all = set $all $name $value -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- include "splitflap.filledIn" (dict "root" .root "value" $all) -}}
{{- end }}

{{/* A map or a list, as YAML, with the templates in its texts filled in, each by itself: its result stays a text, whatever characters it has. Takes {root, value}. */}}
{{- define "splitflap.filledIn" -}}
{{- $text := toYaml .value -}}
{{- if contains "{{" $text }}{{ include "splitflap.filledJson" . }}{{ else }}{{ $text }}{{ end -}}
{{- end }}

{{/* The same for any value, as JSON. Takes {root, value}. */}}
{{- define "splitflap.filledJson" -}}
{{- $root := .root -}}
{{- $parts := list -}}
{{- if kindIs "string" .value -}}
{{- include "splitflap.filled" (dict "root" $root "text" .value) | toJson -}}
{{- else if kindIs "map" .value -}}
{{- range $key, $value := .value -}}
{{- $name := include "splitflap.filled" (dict "root" $root "text" $key) | toJson -}}
{{- $parts = append $parts (printf "%s: %s" $name (include "splitflap.filledJson" (dict "root" $root "value" $value))) -}}
{{- end -}}
{ {{- join ", " $parts -}} }
{{- else if kindIs "slice" .value -}}
{{- range .value }}{{ $parts = append $parts (include "splitflap.filledJson" (dict "root" $root "value" .)) }}{{ end -}}
[ {{- join ", " $parts -}} ]
{{- else -}}
{{- toJson .value -}}
{{- end -}}
{{- end }}

{{/* A text of the values with its templates filled in. Takes {root, text}. */}}
{{- define "splitflap.filled" -}}
{{- if contains "{{" .text }}{{ tpl .text .root }}{{ else }}{{ .text }}{{ end -}}
{{- end }}

{{/* The name of an object that exists, in quotes. Takes {root, text}. */}}
{{- define "splitflap.filledName" -}}
{{- $name := include "splitflap.filled" . -}}
{{- if not $name }}{{ printf "The template %s gives an empty name: set the value that it reads." .text | fail }}{{ end -}}
{{- quote $name -}}
{{- end }}
