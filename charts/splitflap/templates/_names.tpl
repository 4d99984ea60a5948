{{/* Names, labels and images. A component is one of web, api, outcomes, scraper, renderer, rabbitmq, postgresql, migrate, test. */}}

{{- define "splitflap.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end }}

{{/* At most 40 characters: derived names have up to 23 more, and a Service's name is limited to 63. */}}
{{- define "splitflap.fullname" -}}
{{- $name := include "splitflap.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
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

{{/* Labels of an object. Takes {root, component}. */}}
{{- define "splitflap.labels" -}}
{{ include "splitflap.selectorLabels" . }}
app.kubernetes.io/part-of: splitflap
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Labels of a pod. They leave out the chart's version, since a change restarts the pod. Takes {root, component}. */}}
{{- define "splitflap.podLabels" -}}
{{ include "splitflap.selectorLabels" . }}
app.kubernetes.io/part-of: splitflap
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* An object's name, namespace, labels and annotations. Takes {root, component, name?, annotations?}. */}}
{{- define "splitflap.metadata" -}}
{{- $annotations := merge (dict) (.annotations | default dict) .root.Values.commonAnnotations -}}
name: {{ .name | default (include "splitflap.componentName" .) }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "splitflap.labels" . | nindent 2 }}
{{- with $annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
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

{{- define "splitflap.imagePullSecrets" -}}
{{- with concat (.Values.global.imagePullSecrets | default list) .Values.image.pullSecrets | uniq }}
imagePullSecrets:
  {{- range . }}
  - name: {{ if kindIs "string" . }}{{ . }}{{ else }}{{ .name }}{{ end }}
  {{- end }}
{{- end }}
{{- end }}

{{/* A Service's full DNS name. The final dot makes resolvers skip the search domains. Takes {root, component}. */}}
{{- define "splitflap.host" -}}
{{- printf "%s.%s.svc.%s." (include "splitflap.componentName" .) .root.Release.Namespace .root.Values.clusterDomain -}}
{{- end }}
