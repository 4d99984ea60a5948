{{/* Scale up at once, since bursts are short. Scale down slowly, since work comes in waves and a stopping pod gives jobs back. Takes the root. */}}
{{- define "splitflap.scalingBehavior" -}}
scaleUp:
  stabilizationWindowSeconds: 0
  selectPolicy: Max
  policies:
    - {type: Percent, value: 300, periodSeconds: 15}
    - {type: Pods, value: 4, periodSeconds: 15}
scaleDown:
  stabilizationWindowSeconds: {{ .Values.autoscaling.scaleDownWindow }}
  selectPolicy: Max
  policies:
    - {type: Percent, value: {{ .Values.autoscaling.scaleDownPercent }}, periodSeconds: 60}
    - {type: Pods, value: 1, periodSeconds: 60}
{{- end }}

{{/* The kind of a worker's jobs. Takes the component. */}}
{{- define "splitflap.kindOf" -}}
{{- eq . "renderer" | ternary "render" "scrape" -}}
{{- end }}

{{/* The components with an autoscaler, as a YAML list. Takes the root. */}}
{{- define "splitflap.scaled" -}}
{{- toYaml (concat (list "api" "scraper" "renderer") (ternary (list "web") list .Values.web.enabled)) -}}
{{- end }}
