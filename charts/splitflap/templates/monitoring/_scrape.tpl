{{/* Annotations of a pod by which a Prometheus without its operator finds it. Takes {root, port}. */}}
{{- define "splitflap.scrapeAnnotations" -}}
{{- if .root.Values.metrics.annotations -}}
prometheus.io/scrape: "true"
prometheus.io/port: {{ .port | quote }}
prometheus.io/path: /metrics
{{- end -}}
{{- end }}
