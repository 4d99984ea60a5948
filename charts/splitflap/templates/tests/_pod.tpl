{{/* The pod of `helm test`, without the values of pods. Takes root. */}}
{{- define "splitflap.testPod" -}}
restartPolicy: Never
containers:
  - name: test
    image: {{ include "splitflap.ownImage" (dict "root" . "service" "api") }}
    command: [python, -c]
    args:
      - |
        {{- .Files.Get "files/first_post.py" | nindent 8 }}
    env:
      - name: API
        value: http://{{ include "splitflap.host" (dict "root" . "component" (include "splitflap.front" .)) }}:{{ include "splitflap.frontPort" . }}
      {{- with include "splitflap.bootstrapEnv" . }}
      {{- . | nindent 6 }}
      {{- end }}
{{- end }}
