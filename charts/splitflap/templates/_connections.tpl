{{/* How a service finds the broker and the database, and who it is there. */}}

{{/* The service whose image, settings and user a component has: the outcomes' pods are the API's. */}}
{{- define "splitflap.serviceOf" -}}
{{- ternary "api" . (has . (list "outcomes" "migrate")) -}}
{{- end }}

{{- define "splitflap.brokerUrl" -}}
{{- if .Values.rabbitmq.enabled -}}
amqp://{{ include "splitflap.host" (dict "root" . "component" "rabbitmq") }}:5672/splitflap
{{- else -}}
{{- .Values.broker.url -}}
{{- end -}}
{{- end }}

{{- define "splitflap.databaseUrl" -}}
{{- if .Values.postgresql.enabled -}}
postgresql://{{ include "splitflap.host" (dict "root" . "component" "postgresql") }}:5432/splitflap
{{- else -}}
{{- .Values.database.url -}}
{{- end -}}
{{- end }}

{{/* One variable from a Secret: the user's own one, or the one that this chart makes. Takes {name, secret, key}. */}}
{{- define "splitflap.secretEnv" -}}
- name: {{ .name }}
  valueFrom:
    secretKeyRef: {name: {{ .secret }}, key: {{ .key }}}
{{- end }}

{{/* User and password as variables. Takes {user, secret, key, userVariable, passwordVariable}; secret and key are this chart's. */}}
{{- define "splitflap.userEnv" -}}
{{- $user := .user -}}
{{- if $user.existingSecret -}}
{{ include "splitflap.secretEnv" (dict "name" .userVariable "secret" $user.existingSecret "key" $user.usernameKey) }}
{{ include "splitflap.secretEnv" (dict "name" .passwordVariable "secret" $user.existingSecret "key" $user.passwordKey) }}
{{- else -}}
- name: {{ .userVariable }}
  value: {{ $user.username | quote }}
{{ include "splitflap.secretEnv" (dict "name" .passwordVariable "secret" .secret "key" .key) }}
{{- end -}}
{{- end }}

{{/* The broker for a component. Takes {root, component}. */}}
{{- define "splitflap.brokerEnv" -}}
{{- $service := include "splitflap.serviceOf" .component -}}
{{- $secret := include "splitflap.componentName" (dict "root" .root "component" $service) -}}
- name: SPLITFLAP_BROKER_URL
  value: {{ include "splitflap.brokerUrl" .root | quote }}
{{ include "splitflap.userEnv" (dict
    "user" (index .root.Values.broker.users $service)
    "secret" $secret "key" "broker-password"
    "userVariable" "SPLITFLAP_BROKER_USER" "passwordVariable" "SPLITFLAP_BROKER_PASSWORD") }}
{{- end }}

{{/* The database for the API; PG* are libpq's own variables. Takes root. */}}
{{- define "splitflap.databaseEnv" -}}
{{- $secret := include "splitflap.componentName" (dict "root" . "component" "api") -}}
- name: SPLITFLAP_DATABASE_URL
  value: {{ include "splitflap.databaseUrl" . | quote }}
{{ include "splitflap.userEnv" (dict
    "user" .Values.database.user
    "secret" $secret "key" "database-password"
    "userVariable" "PGUSER" "passwordVariable" "PGPASSWORD") }}
{{- end }}

{{/* Changes when a password of this chart's own Secrets does; takes root. */}}
{{- define "splitflap.brokerUsersChecksum" -}}
{{- toJson .Values.broker.users | sha256sum -}}
{{- end }}
