{{/* The pod that migrates the database's schema to this release. It takes a lock, and may run twice. */}}
{{- define "splitflap.migratePod" -}}
{{- $it := dict "root" . "component" "migrate" -}}
{{- $values := .Values.migrate -}}
metadata:
  labels:
    {{- include "splitflap.stockLabels" $it | nindent 4 }}
  {{- with $values.podAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  restartPolicy: OnFailure
  serviceAccountName: {{ include "splitflap.serviceAccountName" (dict "root" . "component" "api") }}
  {{- include "splitflap.podBasics" . | nindent 2 }}
  securityContext:
    {{- toYaml .Values.podSecurityContext | nindent 4 }}
  {{- include "splitflap.scheduling" $values | nindent 2 }}
  containers:
    - name: migrate
      image: {{ include "splitflap.ownImage" (dict "root" . "service" "api") }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args: [migrate, --wait, {{ $values.wait | quote }}]
      env:
        {{- include "splitflap.databaseEnv" $it | nindent 8 }}
        {{- with .Values.api.extraEnv }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- with .Values.api.extraEnvFrom }}
      envFrom:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      resources:
        {{- toYaml $values.resources | nindent 8 }}
      securityContext:
        {{- toYaml .Values.securityContext | nindent 8 }}
      volumeMounts:
        - {name: tmp, mountPath: /tmp}
        {{- include "splitflap.caMounts" $it | nindent 8 }}
        {{- with .Values.api.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  volumes:
    - name: tmp
      emptyDir: {medium: Memory, sizeLimit: 16Mi}
    {{- include "splitflap.caVolumes" $it | nindent 4 }}
    {{- with .Values.api.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}
