{{/* Fast up: at once to what is asked for, as a burst is over soon. Slow down: work comes in waves, and a pod that ends gives work back. Takes the root. */}}
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

{{/* A worker's kind of jobs. Takes the component. */}}
{{- define "splitflap.kindOf" -}}
{{- eq . "renderer" | ternary "render" "scrape" -}}
{{- end }}
