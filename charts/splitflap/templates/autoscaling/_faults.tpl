{{/* The errors in the values of autoscaling and metrics, one per line. Takes the root. */}}
{{- define "splitflap.scalingFaults" -}}
{{- $scaling := .Values.autoscaling -}}
{{- $interval := .Values.metrics.podMonitor.interval -}}
{{- if ne $scaling.mode "none" -}}
{{- range $component := include "splitflap.scaled" . | fromYamlArray -}}
{{- $own := index $scaling $component -}}
{{- if gt (int $own.minReplicas) (int $own.maxReplicas) }}
autoscaling.{{ $component }}.minReplicas ({{ $own.minReplicas }}) is more than maxReplicas ({{ $own.maxReplicas }}): set one of them.
{{- end -}}
{{- end -}}
{{- if not (or $scaling.api.cpuPercent $scaling.api.requestsInFlight) }}
autoscaling.api has no signal: set cpuPercent or requestsInFlight.
{{- end -}}
{{- if not (int $scaling.api.minReplicas) }}
autoscaling.api.minReplicas is 0: with 0 pods, requests cannot start the API. Set 1 or more.
{{- end -}}
{{- end -}}
{{- if eq $scaling.mode "keda" -}}
{{- if not $scaling.keda.serverAddress }}
autoscaling.mode is keda: set autoscaling.keda.serverAddress to the URL of Prometheus.
{{- end -}}
{{- end -}}
{{- if eq $scaling.mode "hpa" -}}
{{- range $component := list "scraper" "renderer" -}}
{{- if not (int (index $scaling $component).minReplicas) }}
autoscaling.{{ $component }}.minReplicas is 0, but Kubernetes' own autoscaler never starts a first pod: set 1 or more, or autoscaling.mode to keda.
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and .Values.metrics.podMonitor.enabled (regexMatch "^([0-9]+m|[0-9]+h|([3-9][1-9]|[4-9][0-9]|[0-9]{3,})s)" $interval) }}
metrics.podMonitor.interval is {{ $interval }}: the demand is a rate over one minute, so Prometheus needs two scrapes a minute. Set 30s or less.
{{- end -}}
{{- $seconds := "^[0-9]{1,5}s$" -}}
{{- $timeout := .Values.metrics.podMonitor.scrapeTimeout -}}
{{- if and .Values.metrics.podMonitor.enabled (regexMatch $seconds $interval) (regexMatch $seconds $timeout) -}}
{{- if gt (trimSuffix "s" $timeout | int) (trimSuffix "s" $interval | int) }}
metrics.podMonitor.scrapeTimeout is {{ $timeout }}, more than the interval of {{ $interval }}: Prometheus' operator refuses that. Set it to {{ $interval }} or less.
{{- end -}}
{{- end -}}
{{- end }}
