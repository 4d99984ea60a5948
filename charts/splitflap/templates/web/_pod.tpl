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
{{- $resources := (include "splitflap.podValues" (dict "root" . "component" "web") | fromYaml).resources -}}
{{- dig "limits" "cpu" "1" $resources | include "splitflap.quantity" | float64 | ceil -}}
{{- end }}

{{/* The environment of nginx; services/web/nginx/README.md has its variables. Takes {root, component}. */}}
{{- define "splitflap.webEnv" -}}
{{- $values := .root.Values -}}
{{- /* nginx by itself takes only IPv6 connections there. The services take both. */ -}}
{{- $listen := ternary "[::]:%d ipv6only=off" "0.0.0.0:%d" (eq $values.listenAddress "::") -}}
- name: WEB_API
  value: {{ include "splitflap.host" (dict "root" .root "component" "api") }}:{{ $values.service.port }}
- name: WEB_LISTEN
  value: {{ printf $listen 8080 | quote }}
- name: WEB_HEALTH
  value: {{ printf $listen 9000 | quote }}
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
{{- include "splitflap.pod" (dict "root" .root "component" "web" "port" 9000 "own" (include "splitflap.ownWebPod" .)) -}}
{{- end }}

{{/* The pod without the values of pods. Takes {root, component}. */}}
{{- define "splitflap.ownWebPod" -}}
{{- $preStop := int .root.Values.web.preStopSeconds -}}
serviceAccountName: {{ include "splitflap.serviceAccountName" . }}
# preStop, then up to 20 s for running requests (worker_shutdown_timeout).
terminationGracePeriodSeconds: {{ add $preStop 30 }}
containers:
  - name: nginx
    image: {{ include "splitflap.ownImage" (dict "root" .root "service" "web") }}
    env:
      {{- include "splitflap.webEnv" . | nindent 6 }}
    ports:
      - {name: http, containerPort: 8080, protocol: TCP}
      - {name: health, containerPort: 9000, protocol: TCP}
    {{- include "splitflap.probes" . | nindent 4 }}
    {{- if gt $preStop 0 }}
    # Proxies are notified of the stop later than the pod.
    lifecycle:
      preStop:
        exec: {command: [sleep, {{ $preStop | quote }}]}
    {{- end }}
    volumeMounts:
      - {name: tmp, mountPath: /tmp}
volumes:
  # nginx's configuration with its variables filled in.
  - {name: tmp, emptyDir: {medium: Memory, sizeLimit: 4Mi}}
{{- end }}
