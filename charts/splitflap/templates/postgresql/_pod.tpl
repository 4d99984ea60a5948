{{/* The pod of PostgreSQL, without the values of pods. Takes root. */}}
{{- define "splitflap.postgresqlPod" -}}
{{- $it := dict "root" . "component" "postgresql" -}}
{{- $values := .Values.postgresql -}}
serviceAccountName: {{ include "splitflap.componentName" $it }}
terminationGracePeriodSeconds: 60
securityContext:
  {{- include "splitflap.stockPodSecurityContext" $it | nindent 2 }}
containers:
  - name: postgresql
    image: {{ include "splitflap.image" (dict "root" . "image" $values.image) }}
    env:
      {{- include "splitflap.userEnv" (dict
          "root" $
          "user" .Values.database.user
          "secret" (include "splitflap.componentName" (dict "root" . "component" "api"))
          "key" "database-password"
          "userVariable" "POSTGRES_USER" "passwordVariable" "POSTGRES_PASSWORD") | nindent 6 }}
      - {name: POSTGRES_DB, value: splitflap}
      # Below the mount: the root of a volume may have lost+found, and initdb needs an empty folder.
      - {name: PGDATA, value: /var/lib/postgresql/data/pgdata}
    ports:
      - {name: postgresql, containerPort: 5432}
    startupProbe:
      {{- include "splitflap.pgIsReady" . | nindent 6 }}
      periodSeconds: 2
      failureThreshold: 150
    readinessProbe:
      {{- include "splitflap.pgIsReady" . | nindent 6 }}
      periodSeconds: 5
      timeoutSeconds: 3
    # A server in crash recovery does not answer for a while, and must not be killed for that.
    livenessProbe:
      tcpSocket: {port: postgresql}
      periodSeconds: 15
      failureThreshold: 4
    # SIGTERM waits until all clients leave; SIGINT ends their sessions (PostgreSQL's "fast" shutdown).
    lifecycle:
      preStop:
        exec: {command: [sh, -c, 'kill -INT "$(head -1 "$PGDATA/postmaster.pid")"']}
    volumeMounts:
      - {name: data, mountPath: /var/lib/postgresql/data}
      - {name: run, mountPath: /var/run/postgresql}
      - {name: tmp, mountPath: /tmp}
volumes:
  - {name: run, emptyDir: {}}
  - {name: tmp, emptyDir: {}}
  {{- if not $values.persistence.enabled }}
  - {name: data, emptyDir: {}}
  {{- end }}
{{- end }}
