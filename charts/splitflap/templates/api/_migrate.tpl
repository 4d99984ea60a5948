{{/* The pod that migrates the database's schema to this release. It takes a lock, and may run twice. */}}
{{- define "splitflap.migratePod" -}}
{{- $it := dict "root" . "component" "migrate" -}}
{{- $values := .Values.migrate -}}
metadata:
  {{- include "splitflap.podMetadata" $it | nindent 2 }}
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
        {{- include "splitflap.env" (dict "own" (include "splitflap.databaseEnv" $it) "extra" .Values.api.extraEnv) | nindent 8 }}
      {{- with .Values.api.extraEnvFrom }}
      envFrom:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      resources:
        {{- toYaml $values.resources | nindent 8 }}
      securityContext:
        {{- toYaml .Values.securityContext | nindent 8 }}
      volumeMounts:
        {{- include "splitflap.mounts" (dict "own" (include "splitflap.ownMounts" $it) "extra" .Values.api.extraVolumeMounts) | nindent 8 }}
  volumes:
    {{- include "splitflap.volumes" (dict "own" (include "splitflap.ownVolumes" $it) "extra" .Values.api.extraVolumes) | nindent 4 }}
{{- end }}
