{{/* What the pods of the three services have in common. */}}

{{/* A service's settings as variables: maxInFlight is SPLITFLAP_MAX_IN_FLIGHT. Takes the settings. */}}
{{- define "splitflap.settingsEnv" -}}
{{- range $name, $value := . }}
- name: SPLITFLAP_{{ $name | snakecase | upper }}
  value: {{ include "splitflap.number" $value | quote }}
{{- end }}
{{- end }}

{{/* A value as text; a whole number without an exponent, which Helm gives those over a million. */}}
{{- define "splitflap.number" -}}
{{- if and (kindIs "float64" .) (eq (float64 (int64 .)) .) -}}{{ int64 . }}{{- else -}}{{ . }}{{- end -}}
{{- end }}

{{- define "splitflap.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "splitflap.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* The pod template of a component. Takes {root, component}. */}}
{{- define "splitflap.podTemplate" -}}
{{- $root := .root }}
{{- $values := index $root.Values .component }}
{{- $service := include "splitflap.serviceOf" .component }}
{{- $settings := (index $root.Values $service).settings }}
metadata:
  labels:
    {{- include "splitflap.podLabels" . | nindent 4 }}
spec:
  serviceAccountName: {{ include "splitflap.componentName" . }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  {{- include "splitflap.imagePullSecrets" $root | nindent 2 }}
  securityContext:
    {{- include "splitflap.podSecurityContext" $root | nindent 4 }}
  dnsConfig:
    options: [{name: ndots, value: "1"}]
  containers:
    - name: {{ $service }}
      image: {{ include "splitflap.ownImage" (dict "root" $root "service" $service) }}
      imagePullPolicy: {{ $root.Values.image.pullPolicy }}
      env:
        - {name: SPLITFLAP_HEALTH_HOST, value: "0.0.0.0"}
        {{- if eq $service "api" }}
        - {name: SPLITFLAP_HOST, value: "0.0.0.0"}
        - name: SPLITFLAP_API_ROLES
          value: {{ include "splitflap.apiRoles" . }}
        {{- include "splitflap.databaseEnv" $root | nindent 8 }}
        {{- include "splitflap.bootstrapEnv" $root | nindent 8 }}
        {{- end }}
        {{- include "splitflap.brokerEnv" . | nindent 8 }}
        {{- include "splitflap.settingsEnv" $settings | nindent 8 }}
      ports:
        {{- if eq .component "api" }}
        - {name: http, containerPort: 8000}
        {{- end }}
        - {name: health, containerPort: 9000}
      startupProbe:
        httpGet: {path: /healthz, port: health}
        periodSeconds: 2
        failureThreshold: 30
      livenessProbe:
        httpGet: {path: /healthz, port: health}
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 3
      readinessProbe:
        httpGet: {path: /readyz, port: health}
        periodSeconds: 3
        timeoutSeconds: 3
        failureThreshold: 2
      resources:
        {{- toYaml $values.resources | nindent 8 }}
      securityContext:
        {{- include "splitflap.securityContext" $root | nindent 8 }}
      volumeMounts:
        - {name: tmp, mountPath: /tmp}
  volumes:
    - name: tmp
      emptyDir: {medium: Memory, sizeLimit: 16Mi}
{{- end }}

{{/* What an API pod does. Takes {root, component}. */}}
{{- define "splitflap.apiRoles" -}}
{{- if eq .component "outcomes" -}}outcomes{{- else if .root.Values.outcomes.enabled -}}web{{- else -}}web,outcomes{{- end -}}
{{- end }}

{{- define "splitflap.bootstrapEnv" -}}
{{- $own := include "splitflap.componentName" (dict "root" . "component" "api") -}}
{{- if .Values.bootstrapKeySecret.name -}}
{{ include "splitflap.secretEnv" (dict "name" "SPLITFLAP_BOOTSTRAP_KEY" "secret" .Values.bootstrapKeySecret.name "key" .Values.bootstrapKeySecret.key) }}
{{- else if .Values.bootstrapKey -}}
{{ include "splitflap.secretEnv" (dict "name" "SPLITFLAP_BOOTSTRAP_KEY" "secret" $own "key" "bootstrap-key") }}
{{- end -}}
{{- end }}

{{/* The components that are Deployments, as a YAML list. */}}
{{- define "splitflap.workloads" -}}
{{- $workloads := list "api" "scraper" "renderer" -}}
{{- if .Values.outcomes.enabled }}{{ $workloads = append $workloads "outcomes" }}{{ end -}}
{{- toYaml $workloads -}}
{{- end }}

{{/* The components that have a ServiceAccount, as a YAML list. */}}
{{- define "splitflap.accounts" -}}
{{- $accounts := include "splitflap.workloads" . | fromYamlArray -}}
{{- range $server := list "rabbitmq" "postgresql" }}
{{- if (index $.Values $server).enabled }}{{ $accounts = append $accounts $server }}{{ end }}
{{- end -}}
{{- toYaml $accounts -}}
{{- end }}
