{{/* Names, labels and images. A component is one of web, api, outcomes, scraper, renderer, rabbitmq, postgresql, migrate, test. */}}

{{/* A name of at most 40 characters. The hash of a longer one tells it from others with the same begin. */}}
{{- define "splitflap.short" -}}
{{- if le (len .) 40 -}}{{ . }}{{- else -}}{{ trunc 33 . | trimSuffix "-" }}-{{ sha256sum . | trunc 6 }}{{- end -}}
{{- end }}

{{/* The chart's name, or the alias that a parent chart gives it. */}}
{{- define "splitflap.name" -}}
{{- include "splitflap.short" (.Values.nameOverride | default .Chart.Name) -}}
{{- end }}

{{/*
At most 40 characters: derived names have up to 23 more, and a Service's name is limited to 63. A
release that is named after the chart needs no second name, unless a parent chart has aliases: two of
them may be parts of one release's name.
*/}}
{{- define "splitflap.fullname" -}}
{{- $name := include "splitflap.name" . -}}
{{- $own := or .Values.nameOverride (eq .Chart.Name "splitflap") -}}
{{- if .Values.fullnameOverride -}}
{{- include "splitflap.short" .Values.fullnameOverride -}}
{{- else if or (eq $name .Release.Name) (and $own (contains $name .Release.Name)) -}}
{{- include "splitflap.short" .Release.Name -}}
{{- else -}}
{{- include "splitflap.short" (printf "%s-%s" .Release.Name $name) -}}
{{- end -}}
{{- end }}

{{/* The name of a component's objects. Takes {root, component}. */}}
{{- define "splitflap.componentName" -}}
{{- printf "%s-%s" (include "splitflap.fullname" .root) .component -}}
{{- end }}

{{/* The selector of a component's pods. It must stay as it is: Kubernetes forbids a change. Takes {root, component}. */}}
{{- define "splitflap.selectorLabels" -}}
app.kubernetes.io/name: {{ include "splitflap.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{/* Maps in one, as YAML, or nothing: later ones win. Takes the list of maps. */}}
{{- define "splitflap.merged" -}}
{{- $all := dict -}}
{{- range $map := . }}{{- range $key, $value := $map }}{{- $_ := set $all $key $value }}{{- end }}{{- end -}}
{{- with $all }}{{ toYaml . }}{{ end -}}
{{- end }}

{{/* Lists in one, as YAML, with one item for each value of a key: the last one stays. Kustomize and server-side apply refuse two. Without a key, equal items are one. Takes {key, lists}. */}}
{{- define "splitflap.unique" -}}
{{- $seen := list -}}
{{- $kept := list -}}
{{- range $list := reverse .lists }}{{- range $item := reverse ($list | default list) }}
{{- $value := ternary (get $item $.key) $item (ne $.key "") -}}
{{- if not (has $value $seen) }}{{- $seen = append $seen $value }}{{- $kept = prepend $kept $item }}{{- end -}}
{{- end }}{{- end -}}
{{- with $kept }}{{ toYaml . }}{{ end -}}
{{- end }}

{{/* Labels that values cannot change: selectors, rules and dashboards need them. Takes {root, component}. */}}
{{- define "splitflap.fixedLabels" -}}
{{ include "splitflap.selectorLabels" . }}
app.kubernetes.io/part-of: splitflap
{{- end }}

{{/* Labels of an object. Takes {root, component, labels?}. */}}
{{- define "splitflap.labels" -}}
{{- $own := dict
    "app.kubernetes.io/managed-by" .root.Release.Service
    "app.kubernetes.io/version" .root.Chart.AppVersion
    "helm.sh/chart" (printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63) -}}
{{- include "splitflap.merged" (list $own .root.Values.commonLabels .labels (include "splitflap.fixedLabels" . | fromYaml)) -}}
{{- end }}

{{/* An object's name, namespace, labels and annotations. Takes {root, component, name?, labels?, annotations?}. */}}
{{- define "splitflap.metadata" -}}
name: {{ .name | default (include "splitflap.componentName" .) }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "splitflap.labels" . | nindent 2 }}
{{- with include "splitflap.merged" (list .root.Values.commonAnnotations .annotations) }}
annotations:
  {{- . | nindent 2 }}
{{- end }}
{{- end }}

{{/*
A pod's labels and annotations. They leave out the chart's version, since a change restarts the pod.
Takes {root, component, port?, checksums?}: the port of metrics, and annotations that a new
configuration changes.
*/}}
{{- define "splitflap.podMetadata" -}}
{{- $values := include "splitflap.podValues" . | fromYaml -}}
labels:
  {{- include "splitflap.merged" (list .root.Values.commonLabels $values.podLabels (include "splitflap.fixedLabels" . | fromYaml)) | nindent 2 }}
{{- with include "splitflap.merged" (list (include "splitflap.scrapeAnnotations" . | fromYaml) $values.podAnnotations .checksums) }}
annotations:
  {{- . | nindent 2 }}
{{- end }}
{{- end }}

{{/* An image's full name; a digest takes precedence over a tag. Takes {root, image, defaultRegistry?, defaultTag?}. */}}
{{- define "splitflap.image" -}}
{{- $registry := .root.Values.global.imageRegistry | default .image.registry | default .defaultRegistry -}}
{{- $name := ternary (printf "%s/%s" $registry .image.repository) .image.repository (not (empty $registry)) -}}
{{- if .image.digest -}}
{{- printf "%s@%s" $name .image.digest -}}
{{- else -}}
{{- printf "%s:%s" $name (.image.tag | default .defaultTag) -}}
{{- end -}}
{{- end }}

{{/* The image of one of Splitflap's own services. Takes {root, service}. */}}
{{- define "splitflap.ownImage" -}}
{{- $values := .root.Values -}}
{{- include "splitflap.image" (dict
    "root" .root
    "image" (index $values .service).image
    "defaultRegistry" $values.image.registry
    "defaultTag" ($values.image.tag | default .root.Chart.AppVersion)) -}}
{{- end }}

{{/* The items of imagePullSecrets. Takes root. */}}
{{- define "splitflap.imagePullSecrets" -}}
{{- $names := list -}}
{{- range concat (.Values.global.imagePullSecrets | default list) .Values.image.pullSecrets -}}
{{- $name := . -}}
{{- if not (kindIs "string" .) }}{{ $name = .name }}{{ end -}}
{{- $names = append $names (include "splitflap.filledName" (dict "root" $ "text" $name)) -}}
{{- end -}}
{{- range uniq $names }}
- name: {{ . }}
{{- end }}
{{- end }}

{{/* A Service's full DNS name. The final dot makes resolvers skip the search domains. Takes {root, component}. */}}
{{- define "splitflap.host" -}}
{{- printf "%s.%s.svc.%s." (include "splitflap.componentName" .) .root.Release.Namespace .root.Values.clusterDomain -}}
{{- end }}
