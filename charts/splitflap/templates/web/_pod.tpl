{{/* The pod of nginx with the page. */}}

{{/* The component that clients reach: web, or the API without it. Takes the root. */}}
{{- define "splitflap.front" -}}
{{- ternary "web" "api" .Values.web.enabled -}}
{{- end }}

{{/* The port of that component's Service. Takes the root. */}}
{{- define "splitflap.frontPort" -}}
{{- ternary .Values.web.service.port .Values.service.port .Values.web.enabled | int -}}
{{- end }}

{{/* Number of nginx's processes: the CPU limit, rounded up. Takes the root. */}}
{{- define "splitflap.webProcesses" -}}
{{- $cpu := dig "limits" "cpu" "1" .Values.web.resources | toString -}}
{{- if hasSuffix "m" $cpu -}}
{{- divf ($cpu | trimSuffix "m" | float64) 1000.0 | ceil -}}
{{- else -}}
{{- $cpu | float64 | ceil -}}
{{- end -}}
{{- end }}

{{/* The environment of nginx; services/web/nginx/README.md has its variables. Takes {root, component}. */}}
{{- define "splitflap.webEnv" -}}
{{- $values := .root.Values -}}
{{- $address := ternary (printf "[%s]" $values.listenAddress) $values.listenAddress (contains ":" $values.listenAddress) -}}
- name: WEB_API
  value: {{ include "splitflap.host" (dict "root" .root "component" "api") }}:{{ $values.service.port }}
- name: WEB_LISTEN
  value: {{ printf "%s:8080" $address | quote }}
- name: WEB_HEALTH
  value: {{ printf "%s:9000" $address | quote }}
- name: WEB_PROCESSES
  value: {{ include "splitflap.webProcesses" .root | quote }}
- name: WEB_CONNECTIONS
  value: {{ include "splitflap.number" $values.web.connections | quote }}
- name: WEB_CONNECTIONS_PER_ADDRESS
  value: {{ include "splitflap.number" $values.web.connectionsPerAddress | quote }}
- name: WEB_TRUSTED_PROXIES
  value: {{ join "," $values.web.trustedProxies | quote }}
{{- end }}

{{/* The pod template. Takes {root, component}. */}}
{{- define "splitflap.webPod" -}}
{{- $root := .root }}
{{- $web := $root.Values.web -}}
metadata:
  {{- include "splitflap.podMetadata" (dict "root" $root "component" "web" "port" 9000) | nindent 2 }}
spec:
  serviceAccountName: {{ include "splitflap.serviceAccountName" . }}
  {{- include "splitflap.podBasics" $root | nindent 2 }}
  securityContext:
    {{- toYaml $root.Values.podSecurityContext | nindent 4 }}
  # preStop, then up to 20 s for running requests (worker_shutdown_timeout).
  terminationGracePeriodSeconds: {{ add $web.preStopSeconds 30 }}
  {{- include "splitflap.scheduling" $web | nindent 2 }}
  {{- include "splitflap.topologySpread" . | nindent 2 }}
  containers:
    - name: nginx
      image: {{ include "splitflap.ownImage" (dict "root" $root "service" "web") }}
      imagePullPolicy: {{ $root.Values.image.pullPolicy }}
      env:
        {{- include "splitflap.env" (dict "own" (include "splitflap.webEnv" .) "extra" $web.extraEnv) | nindent 8 }}
      {{- with $web.extraEnvFrom }}
      envFrom:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      ports:
        - {name: http, containerPort: 8080, protocol: TCP}
        - {name: health, containerPort: 9000, protocol: TCP}
      {{- include "splitflap.probes" . | nindent 6 }}
      {{- if gt (int $web.preStopSeconds) 0 }}
      # Proxies are notified of the stop later than the pod.
      lifecycle:
        preStop:
          exec: {command: [sleep, {{ $web.preStopSeconds | quote }}]}
      {{- end }}
      resources:
        {{- toYaml $web.resources | nindent 8 }}
      securityContext:
        {{- toYaml $root.Values.securityContext | nindent 8 }}
      volumeMounts:
        {{- include "splitflap.mounts" (dict "own" "- {name: tmp, mountPath: /tmp}" "extra" $web.extraVolumeMounts) | nindent 8 }}
  volumes:
    {{- /* nginx's configuration with its variables filled in. */}}
    {{- $own := "- {name: tmp, emptyDir: {medium: Memory, sizeLimit: 4Mi}}" }}
    {{- include "splitflap.volumes" (dict "own" $own "extra" $web.extraVolumes) | nindent 4 }}
{{- end }}
