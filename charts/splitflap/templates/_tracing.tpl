{{/* Traces: off without tracing.endpoint. The variables are OpenTelemetry's own. */}}

{{/* The variables of a service's container, each on a line of its own. Takes root. */}}
{{- define "splitflap.tracingEnv" -}}
{{- with .Values.tracing }}
{{- if .endpoint }}
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  value: {{ .endpoint | quote }}
- name: OTEL_TRACES_SAMPLER
  value: {{ .sampler }}
- name: OTEL_TRACES_SAMPLER_ARG
  value: {{ .ratio | quote }}
{{- if .headersSecret.name }}
- name: OTEL_EXPORTER_OTLP_HEADERS
  valueFrom:
    secretKeyRef: {name: {{ include "splitflap.filledName" (dict "root" $ "text" .headersSecret.name) }}, key: {{ .headersSecret.key | quote }}}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* To the collector. Takes {root}. */}}
{{- define "splitflap.collectorRule" -}}
{{- if .root.Values.tracing.endpoint }}
{{- $collector := .root.Values.networkPolicy.egress.collector }}
- ports:
    {{- range $collector.ports }}
    - {port: {{ . }}, protocol: TCP}
    {{- end }}
  {{- with $collector.to }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
{{- end }}
