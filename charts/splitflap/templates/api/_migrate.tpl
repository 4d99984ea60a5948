{{/* The pod that brings the database's schema up to this release; under a lock, and harmless when repeated. */}}
{{- define "splitflap.migratePod" -}}
{{- $it := dict "root" . "component" "migrate" -}}
metadata:
  labels:
    {{- include "splitflap.podLabels" $it | nindent 4 }}
spec:
  restartPolicy: OnFailure
  automountServiceAccountToken: false
  enableServiceLinks: false
  {{- include "splitflap.imagePullSecrets" . | nindent 2 }}
  securityContext:
    {{- include "splitflap.podSecurityContext" . | nindent 4 }}
  dnsConfig:
    options: [{name: ndots, value: "1"}]
  containers:
    - name: migrate
      image: {{ include "splitflap.ownImage" (dict "root" . "service" "api") }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args: [migrate, --wait, "300"]
      env:
        {{- include "splitflap.databaseEnv" . | nindent 8 }}
      resources:
        requests: {cpu: 50m, memory: 96Mi}
        limits: {memory: 256Mi}
      securityContext:
        {{- include "splitflap.securityContext" . | nindent 8 }}
      volumeMounts:
        - {name: tmp, mountPath: /tmp}
  volumes:
    - name: tmp
      emptyDir: {medium: Memory, sizeLimit: 16Mi}
{{- end }}
