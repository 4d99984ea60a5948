{{/* The thresholds of alerts and objectives, by the names in the comments of the rule files. Takes the root. */}}
{{- define "splitflap.thresholds" -}}
{{- $thresholds := deepCopy .Values.alerts.thresholds -}}
{{- /* Prometheus names a bucket of 5 seconds "5.0". */ -}}
{{- $bucket := $thresholds.posts.seconds | toString -}}
{{- $_ := set $thresholds.posts "seconds" (ternary $bucket (printf "%s.0" $bucket) (contains "." $bucket) | quote) -}}
{{- /* Workers that may be at 0 replicas are missed once a job waits. */ -}}
{{- range $service, $kind := dict "renderer" "render" "scraper" "scrape" -}}
{{- $scaling := index $.Values.autoscaling $service -}}
{{- $least := ternary (index $.Values $service).replicas $scaling.minReplicas (eq $.Values.autoscaling.mode "none") -}}
{{- $_ := set $thresholds.noWorkers $kind (ternary 1 0 (eq (int $least) 0)) -}}
{{- end -}}
{{- toYaml $thresholds -}}
{{- end }}

{{/* A rule file with the thresholds of the values. Takes {root, file}. */}}
{{- define "splitflap.rulesText" -}}
{{- $text := .root.Files.Get (printf "rules/%s.yaml" .file) -}}
{{- range $group, $thresholds := include "splitflap.thresholds" .root | fromYaml -}}
{{- range $name, $value := $thresholds -}}
{{- $text = regexReplaceAll (printf `(?m)\S+ # %s[.]%s$` $group $name) $text (toString $value) -}}
{{- end -}}
{{- end -}}
{{- $text -}}
{{- end }}
