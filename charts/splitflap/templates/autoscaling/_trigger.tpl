{{/* A query to Prometheus; an empty result is an error instead of 0. Takes {root, query, threshold}. */}}
{{- define "splitflap.prometheusTrigger" -}}
{{- $keda := .root.Values.autoscaling.keda -}}
- type: prometheus
  metricType: AverageValue
  metadata:
    {{- $metadata := dict
        "serverAddress" $keda.serverAddress
        "query" .query
        "threshold" (.threshold | toString)
        "ignoreNullValues" "false" }}
    {{- toYaml (merge $metadata $keda.metadata) | nindent 4 }}
  {{- with $keda.authenticationRef }}
  authenticationRef:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
