{{/* Annotations of a pod for a Prometheus without its operator. Takes {root, port?}. */}}
{{- define "splitflap.scrapeAnnotations" -}}
{{- if and .port .root.Values.metrics.annotations (not .root.Values.metrics.podMonitor.enabled) -}}
prometheus.io/scrape: "true"
prometheus.io/port: {{ .port | quote }}
prometheus.io/path: /metrics
{{- end -}}
{{- end }}
