{{/* The common parts of the pods of API, outcomes, scraper and renderer. */}}

{{/* The components with the code of the services, as a YAML list. All of them use the broker. */}}
{{- define "splitflap.services" -}}
{{- $services := list "api" "scraper" "renderer" -}}
{{- if .Values.outcomes.enabled }}{{ $services = append $services "outcomes" }}{{ end -}}
{{- toYaml $services -}}
{{- end }}

{{/* The components that are Deployments, as a YAML list. */}}
{{- define "splitflap.workloads" -}}
{{ include "splitflap.services" . }}
{{- if .Values.web.enabled }}
- web
{{- end }}
{{- end }}

{{/* A service's settings as variables: maxInFlight is SPLITFLAP_MAX_IN_FLIGHT. Takes the settings. */}}
{{- define "splitflap.settingsEnv" -}}
{{- range $name, $value := . }}
- name: SPLITFLAP_{{ $name | snakecase | upper }}
  value: {{ include "splitflap.number" $value | quote }}
{{- end }}
{{- end }}

{{/*
The settings of a service. The API also has those that the workers share with it, unless it has its
own: the hosts of previews, and the image proxy. It signs URLs of images, so it gets the proxy only
with the key.
*/}}
{{- define "splitflap.settingsOf" -}}
{{- $settings := deepCopy (index .root.Values .service).settings }}
{{- if eq .service "api" }}
{{- $scraper := pick .root.Values.scraper.settings "scraperAllowHosts" "previewHosts" }}
{{- $renderer := pick .root.Values.renderer.settings "imageProxyUrl" "imageProxyKey" }}
{{- if and (contains "{digest}" ($renderer.imageProxyUrl | default "")) (not $renderer.imageProxyKey) }}
{{- $renderer = dict }}
{{- end }}
{{- $settings = merge $settings $scraper $renderer }}
{{- end }}
{{- toYaml $settings }}
{{- end }}

{{/* A value as text. Go would write whole numbers from a million on with an exponent. */}}
{{- define "splitflap.number" -}}
{{- if and (kindIs "float64" .) (eq (float64 (int64 .)) .) -}}{{ int64 . }}{{- else -}}{{ . }}{{- end -}}
{{- end }}

{{/* The roles of an API pod. Takes {root, component}. */}}
{{- define "splitflap.apiRoles" -}}
{{- if eq .component "outcomes" -}}outcomes{{- else if .root.Values.outcomes.enabled -}}web{{- else -}}web,outcomes{{- end -}}
{{- end }}

{{/*
Seconds until a stopping pod is killed: its preStop, its stopGrace, and the time after that to give
back jobs, to commit and to publish. Takes {root, component}.
*/}}
{{- define "splitflap.terminationGrace" -}}
{{- $service := include "splitflap.serviceOf" .component -}}
{{- $grace := (index .root.Values $service).settings.stopGrace | float64 | ceil | int -}}
{{- $preStop := ternary .root.Values.api.preStopSeconds 0 (eq .component "api") | int -}}
{{- add $preStop $grace (ternary 30 10 (eq $service "api")) -}}
{{- end }}

{{/* The name of a component's ServiceAccount. Takes {root, component}. */}}
{{- define "splitflap.serviceAccountName" -}}
{{- $account := (index .root.Values .component).serviceAccount -}}
{{- $account.name | default (ternary (include "splitflap.componentName" .) "default" $account.create) -}}
{{- end }}

{{/* The spread of pods, for each ReplicaSet alone: the old pods of an upgrade are left out. Takes {root, component, spread: the constraints of the values}. */}}
{{- define "splitflap.topologySpread" -}}
{{- $own := dict "matchLabels" (include "splitflap.selectorLabels" . | fromYaml) -}}
{{- range .spread }}
{{- $selector := mergeOverwrite (deepCopy (.labelSelector | default dict)) $own }}
- {{- include "splitflap.merged" (list (dict "matchLabelKeys" (list "pod-template-hash")) . (dict "labelSelector" $selector)) | nindent 2 }}
{{- end }}
{{- end }}

{{/* The strategy of a Deployment. Takes {root, component}. */}}
{{- define "splitflap.strategy" -}}
{{- $strategy := (include "splitflap.podValues" . | fromYaml).strategy -}}
{{- ternary (omit $strategy "rollingUpdate") $strategy (eq "Recreate" ($strategy.type | default "")) | toYaml -}}
{{- end }}

{{/* The largest number of scrapers, including the surge in an upgrade. Each scraper uses its share of the rate limit of a host. */}}
{{- define "splitflap.scrapersAtMost" -}}
{{- $most := .Values.scraper.replicas -}}
{{- if ne .Values.autoscaling.mode "none" }}{{ $most = .Values.autoscaling.scraper.maxReplicas }}{{ end -}}
{{- $strategy := include "splitflap.strategy" (dict "root" . "component" "scraper") | fromYaml -}}
{{- $surge := dig "rollingUpdate" "maxSurge" 0 $strategy | toString -}}
{{- if hasSuffix "%" $surge }}{{ $surge = mulf $most (divf ($surge | trimSuffix "%") 100) | ceil }}{{ end -}}
{{- max 1 (add $most (int $surge)) -}}
{{- end }}

{{/* The environment of a service's container without extraEnv. A setting wins over the rest, since it comes last. Takes {root, component}. */}}
{{- define "splitflap.ownEnv" -}}
{{- $values := .root.Values -}}
{{- $service := include "splitflap.serviceOf" .component -}}
- name: SPLITFLAP_HEALTH_HOST
  value: {{ $values.listenAddress | quote }}
{{- if eq $service "api" }}
- name: SPLITFLAP_HOST
  value: {{ $values.listenAddress | quote }}
- name: SPLITFLAP_API_ROLES
  value: {{ include "splitflap.apiRoles" . }}
{{- if include "splitflap.asksKubernetes" . }}
- name: SPLITFLAP_KUBERNETES_DEPLOYMENTS
  value: {{ include "splitflap.fullname" .root }}
{{- end }}
{{ include "splitflap.databaseEnv" . }}
{{- with include "splitflap.bootstrapEnv" .root }}
{{ . }}
{{- end }}
{{- end }}
{{ include "splitflap.brokerEnv" . }}
{{- if ne $service "renderer" }}
{{- with $values.scraper.allowNets }}
- name: SPLITFLAP_SCRAPER_ALLOW_NETS
  value: {{ join "," . | quote }}
{{- end }}
{{- with $values.scraper.nat64 }}
- name: SPLITFLAP_SCRAPER_NAT64
  value: {{ join "," . | quote }}
{{- end }}
{{- end }}
{{- if eq .component "scraper" }}
- name: SPLITFLAP_SCRAPER_REPLICAS
  value: {{ include "splitflap.scrapersAtMost" .root | quote }}
{{- if include "splitflap.hasCa" $values.scraper.ca }}
- name: SPLITFLAP_SCRAPER_CA_FILE
  value: /etc/splitflap/pages-ca/{{ $values.scraper.ca.key }}
{{- end }}
{{- end }}
{{- include "splitflap.tracingEnv" .root }}
{{- include "splitflap.settingsEnv" (include "splitflap.settingsOf" (dict "root" .root "service" $service) | fromYaml) }}
{{- end }}

{{/* The mounts of a service's container without extraVolumeMounts. Takes {root, component}. */}}
{{- define "splitflap.ownMounts" -}}
- {name: tmp, mountPath: /tmp}
{{- include "splitflap.caMounts" . }}
{{- if include "splitflap.asksKubernetes" . }}
- {name: kubernetes, mountPath: /var/run/secrets/kubernetes.io/serviceaccount, readOnly: true}
{{- end }}
{{- end }}

{{/* The volumes of a service's pod without extraVolumes. Takes {root, component}. */}}
{{- define "splitflap.ownVolumes" -}}
- name: tmp
  emptyDir: {medium: Memory, sizeLimit: 16Mi}
{{- include "splitflap.caVolumes" . }}
{{- if include "splitflap.asksKubernetes" . }}
{{ include "splitflap.tokenVolume" . }}
{{- end }}
{{- end }}

{{/* The probes use the health port. */}}
{{- define "splitflap.probes" -}}
startupProbe:
  httpGet: {path: /healthz, port: health}
  periodSeconds: 2
  timeoutSeconds: 5
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
{{- end }}

{{/* The pod template of API, outcomes, scraper or renderer. Takes {root, component}. */}}
{{- define "splitflap.podTemplate" -}}
{{- /* A new password in this chart's own Secret restarts the pods. */}}
{{- $secret := include "splitflap.secretData" (dict "root" .root "component" (include "splitflap.serviceOf" .component)) }}
{{- $checksums := dict "checksum/secret" (sha256sum $secret) -}}
{{- include "splitflap.pod" (dict
    "root" .root "component" .component "port" 9000 "checksums" $checksums
    "own" (include "splitflap.ownPod" .)) -}}
{{- end }}

{{/* The pod of a service, without the values of pods. Takes {root, component}. */}}
{{- define "splitflap.ownPod" -}}
{{- $root := .root }}
{{- $service := include "splitflap.serviceOf" .component -}}
serviceAccountName: {{ include "splitflap.serviceAccountName" . }}
terminationGracePeriodSeconds: {{ include "splitflap.terminationGrace" . }}
containers:
  - name: {{ $service }}
    image: {{ include "splitflap.ownImage" (dict "root" $root "service" $service) }}
    env:
      {{- include "splitflap.ownEnv" . | nindent 6 }}
    ports:
      {{- if eq .component "api" }}
      - {name: http, containerPort: 8000, protocol: TCP}
      {{- end }}
      - {name: health, containerPort: 9000, protocol: TCP}
    {{- include "splitflap.probes" . | nindent 4 }}
    {{- if and (eq .component "api") (gt (int $root.Values.api.preStopSeconds) 0) }}
    # Proxies are notified of the stop later than the pod.
    lifecycle:
      preStop:
        exec: {command: [sleep, {{ $root.Values.api.preStopSeconds | quote }}]}
    {{- end }}
    volumeMounts:
      {{- include "splitflap.ownMounts" . | nindent 6 }}
volumes:
  {{- include "splitflap.ownVolumes" . | nindent 2 }}
{{- end }}
