{{/* Addresses, users and CA certificates of the broker and the database, for each component. */}}

{{/* The service of a component, for image, settings and user: the component outcomes belongs to the API. Takes the component's name. */}}
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

{{/* "true" if a URL has a user or a password: it is a secret then. Takes the URL. */}}
{{- define "splitflap.hasUser" -}}
{{- if regexMatch "@|[?&](user|password)=" . }}true{{ end -}}
{{- end }}

{{/* "true" if the database's URL names a socket: it has no host before the path. A proxy in a sidecar may need no password. */}}
{{- define "splitflap.databaseBySocket" -}}
{{- if regexMatch "^[^:]+://([^/@]*@)?/" .Values.database.url }}true{{ end -}}
{{- end }}

{{/* One variable from a Secret, whose name may be a template. Takes {root, name, secret, key}. */}}
{{- define "splitflap.secretEnv" -}}
- name: {{ .name }}
  valueFrom:
    secretKeyRef:
      name: {{ include "splitflap.filledName" (dict "root" .root "text" .secret) }}
      key: {{ .key | quote }}
{{- end }}

{{/* User and password as two variables, from the user's own Secret, else from this chart's. Takes {root, user, secret, key, userVariable, passwordVariable, passwordOptional?}. */}}
{{- define "splitflap.userEnv" -}}
{{- $user := .user -}}
{{- if $user.existingSecret -}}
{{ include "splitflap.secretEnv" (dict "root" .root "name" .userVariable "secret" $user.existingSecret "key" $user.usernameKey) }}
{{ include "splitflap.secretEnv" (dict "root" .root "name" .passwordVariable "secret" $user.existingSecret "key" $user.passwordKey) }}
{{- else -}}
- name: {{ .userVariable }}
  value: {{ $user.username | quote }}
{{- if or $user.password (not .passwordOptional) }}
{{ include "splitflap.secretEnv" (dict "root" .root "name" .passwordVariable "secret" .secret "key" .key) }}
{{- end }}
{{- end -}}
{{- end }}

{{/* The broker for a component. Takes {root, component}. */}}
{{- define "splitflap.brokerEnv" -}}
{{- $broker := .root.Values.broker -}}
{{- $service := include "splitflap.serviceOf" .component -}}
{{- $secret := include "splitflap.componentName" (dict "root" .root "component" $service) -}}
{{- $url := include "splitflap.brokerUrl" .root -}}
{{- if $broker.urlSecret.name -}}
{{ include "splitflap.secretEnv" (dict "root" .root "name" "SPLITFLAP_BROKER_URL" "secret" $broker.urlSecret.name "key" (index $broker.urlSecret.keys $service)) }}
{{- else if include "splitflap.hasUser" $url -}}
{{ include "splitflap.secretEnv" (dict "root" .root "name" "SPLITFLAP_BROKER_URL" "secret" $secret "key" "broker-url") }}
{{- else -}}
- name: SPLITFLAP_BROKER_URL
  value: {{ $url | quote }}
{{ include "splitflap.userEnv" (dict
    "root" .root "user" (index $broker.users $service)
    "secret" $secret "key" "broker-password"
    "userVariable" "SPLITFLAP_BROKER_USER" "passwordVariable" "SPLITFLAP_BROKER_PASSWORD") }}
{{- end }}
{{- if include "splitflap.hasCa" $broker.ca }}
- name: SPLITFLAP_BROKER_CA_FILE
  value: /etc/splitflap/broker-ca/{{ $broker.ca.key }}
{{- end }}
{{- end }}

{{/* The database for the API and for migrations; PG* are libpq's own variables. Takes {root, component}. */}}
{{- define "splitflap.databaseEnv" -}}
{{- $database := .root.Values.database -}}
{{- $secret := include "splitflap.componentName" (dict "root" .root "component" "api") -}}
{{- $url := include "splitflap.databaseUrl" .root -}}
{{- $user := $database.user -}}
{{- $key := "database-password" -}}
{{- if and (eq .component "migrate") .root.Values.migrate.user -}}
{{- $user = merge (dict) .root.Values.migrate.user (dict "usernameKey" "username" "passwordKey" "password") -}}
{{- $key = "migrate-password" -}}
{{- end -}}
{{- if $database.urlSecret.name -}}
{{ include "splitflap.secretEnv" (dict "root" .root "name" "SPLITFLAP_DATABASE_URL" "secret" $database.urlSecret.name "key" $database.urlSecret.key) }}
{{- else if include "splitflap.hasUser" $url -}}
{{ include "splitflap.secretEnv" (dict "root" .root "name" "SPLITFLAP_DATABASE_URL" "secret" $secret "key" "database-url") }}
{{- else -}}
- name: SPLITFLAP_DATABASE_URL
  value: {{ $url | quote }}
{{ include "splitflap.userEnv" (dict
    "root" .root "user" $user "secret" $secret "key" $key "userVariable" "PGUSER" "passwordVariable" "PGPASSWORD"
    "passwordOptional" (include "splitflap.databaseBySocket" .root)) }}
{{- end }}
{{- $hasCa := include "splitflap.hasCa" $database.ca }}
{{- with $database.sslMode | default (ternary "verify-full" "" (not (empty $hasCa))) }}
- name: PGSSLMODE
  value: {{ . }}
{{- end }}
{{- if $hasCa }}
- name: PGSSLROOTCERT
  value: /etc/splitflap/database-ca/{{ $database.ca.key }}
{{- end }}
{{- end }}

{{/* The variable of the first key, if there is one. Takes root. */}}
{{- define "splitflap.bootstrapEnv" -}}
{{- $own := include "splitflap.componentName" (dict "root" . "component" "api") -}}
{{- if .Values.bootstrapKeySecret.name -}}
{{ include "splitflap.secretEnv" (dict "root" . "name" "SPLITFLAP_BOOTSTRAP_KEY" "secret" .Values.bootstrapKeySecret.name "key" .Values.bootstrapKeySecret.key) }}
{{- else if .Values.bootstrapKey -}}
{{ include "splitflap.secretEnv" (dict "root" . "name" "SPLITFLAP_BOOTSTRAP_KEY" "secret" $own "key" "bootstrap-key") }}
{{- end -}}
{{- end }}

{{/* Not empty if there are CA certificates. Takes {secret, configMap, key}. */}}
{{- define "splitflap.hasCa" -}}
{{- .secret | default .configMap -}}
{{- end }}

{{/* The CA certificates of a component, as a YAML map of names to {secret, configMap, key}. Takes {root, component}. */}}
{{- define "splitflap.cas" -}}
{{- $cas := dict -}}
{{- $values := .root.Values -}}
{{- if ne .component "migrate" }}{{ $cas = set $cas "broker-ca" $values.broker.ca }}{{ end -}}
{{- if eq (include "splitflap.serviceOf" .component) "api" }}{{ $cas = set $cas "database-ca" $values.database.ca }}{{ end -}}
{{- if eq .component "scraper" }}{{ $cas = set $cas "pages-ca" $values.scraper.ca }}{{ end -}}
{{- range $name, $ca := $cas }}
{{- if include "splitflap.hasCa" $ca }}
{{ $name }}: {{ toJson $ca }}
{{- end }}
{{- end }}
{{- end }}

{{/* The mounts of the CA certificates. Takes {root, component}. */}}
{{- define "splitflap.caMounts" -}}
{{- range $name, $ca := include "splitflap.cas" . | fromYaml }}
- name: {{ $name }}
  mountPath: /etc/splitflap/{{ $name }}
  readOnly: true
{{- end }}
{{- end }}

{{/* The volumes of the CA certificates. Takes {root, component}. */}}
{{- define "splitflap.caVolumes" -}}
{{- $root := .root -}}
{{- range $name, $ca := include "splitflap.cas" . | fromYaml }}
- name: {{ $name }}
  {{- if $ca.secret }}
  secret:
    secretName: {{ include "splitflap.filledName" (dict "root" $root "text" $ca.secret) }}
  {{- else }}
  configMap:
    name: {{ include "splitflap.filledName" (dict "root" $root "text" $ca.configMap) }}
  {{- end }}
    items: [{key: {{ $ca.key }}, path: {{ $ca.key }}}]
{{- end }}
{{- end }}

{{/* The data of this chart's own Secret for a service, as YAML. Takes {root, component}. */}}
{{- define "splitflap.secretData" -}}
{{- $values := .root.Values -}}
{{- $user := index $values.broker.users .component -}}
{{- $url := include "splitflap.brokerUrl" .root -}}
{{- if and (include "splitflap.hasUser" $url) (not $values.broker.urlSecret.name) }}
broker-url: {{ $url | quote }}
{{- else if and $user.password (not $user.existingSecret) }}
broker-password: {{ $user.password | quote }}
{{- end }}
{{- if eq .component "api" }}
{{- $url := include "splitflap.databaseUrl" .root }}
{{- if and (include "splitflap.hasUser" $url) (not $values.database.urlSecret.name) }}
database-url: {{ $url | quote }}
{{- else if and $values.database.user.password (not $values.database.user.existingSecret) }}
database-password: {{ $values.database.user.password | quote }}
{{- end }}
{{- with $values.migrate.user.password }}
migrate-password: {{ . | quote }}
{{- end }}
{{- if and $values.bootstrapKey (not $values.bootstrapKeySecret.name) }}
bootstrap-key: {{ $values.bootstrapKey | quote }}
{{- end }}
{{- end }}
{{- end }}
