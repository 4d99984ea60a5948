{{/* The pod that migrates the database's schema to this release. It takes a lock, and may run twice. */}}
{{- define "splitflap.migratePod" -}}
{{- $it := dict "root" . "component" "migrate" -}}
restartPolicy: OnFailure
serviceAccountName: {{ include "splitflap.serviceAccountName" (dict "root" . "component" "api") }}
containers:
  - name: migrate
    image: {{ include "splitflap.ownImage" (dict "root" . "service" "api") }}
    args: [migrate, --wait, {{ .Values.migrate.wait | quote }}]
    env:
      {{- include "splitflap.databaseEnv" $it | nindent 6 }}
    volumeMounts:
      {{- include "splitflap.ownMounts" $it | nindent 6 }}
volumes:
  {{- include "splitflap.ownVolumes" $it | nindent 2 }}
{{- end }}
