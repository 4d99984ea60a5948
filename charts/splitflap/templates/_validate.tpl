{{/*
The rules that the schema cannot express. A message says what is wrong and what to set. One
rendering reports all of them.
*/}}
{{- define "splitflap.validate" -}}
{{- $problems := list -}}
{{- range $section := list "names" "images" "broker" "database" "keys" "rights" "certificates" "stopping" "renderer" "pods" "services" "network" "exposure" "alerts" "autoscaling" -}}
{{- with include (printf "splitflap.validate.%s" $section) $ | trim -}}
{{- $problems = append $problems . -}}
{{- end -}}
{{- end -}}
{{- with $problems -}}
{{- printf "\n\nThese values cannot work:\n%s\n" (join "\n" .) | fail -}}
{{- end -}}
{{- end }}

{{/* A release's name may begin with a digit or have a dot. */}}
{{- define "splitflap.validate.names" }}
{{- $name := include "splitflap.fullname" . }}
{{- if not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" $name) }}
- {{ $name }} cannot be the begin of a Service's name: set fullnameOverride to a letter, and then lower-case letters, digits and hyphens.
{{- end }}
{{- $accounts := list }}
{{- range $component := include "splitflap.workloads" . | fromYamlArray }}
{{- if (index $.Values $component).serviceAccount.create }}
{{- $accounts = append $accounts (include "splitflap.serviceAccountName" (dict "root" $ "component" $component)) }}
{{- end }}
{{- end }}
{{- if ne (len $accounts) (len (uniq $accounts)) }}
- Two services would each create the ServiceAccount of one name: set serviceAccount.create=false for all but one of them.
{{- end }}
{{- end }}

{{/* A registry is the part before the first slash, if it is localhost or has a dot or a port. */}}
{{- define "splitflap.validate.images" }}
{{- range $service := concat (list "api" "scraper" "renderer") (ternary (list "web") list .Values.web.enabled) }}
{{- $image := (index $.Values $service).image }}
{{- $registry := $.Values.global.imageRegistry | default $image.registry | default $.Values.image.registry }}
{{- if not (or $registry (regexMatch "^(localhost|[^/]*[.:][^/]*)/" $image.repository)) }}
- image.registry is empty, so the registry of {{ $image.repository }} is unknown: set it to the registry that holds the images of `make images` (or set {{ $service }}.image.registry).
{{- end }}
{{- end }}
{{- end }}

{{- define "splitflap.validate.broker" }}
{{- $broker := .Values.broker }}
{{- $ways := compact (list (ternary "rabbitmq.enabled" "" .Values.rabbitmq.enabled) (ternary "broker.url" "" (ne $broker.url "")) (ternary "broker.urlSecret.name" "" (ne $broker.urlSecret.name ""))) }}
{{- if not $ways }}
- There is no broker: set broker.url (with broker.users) or broker.urlSecret.name for an external one, or rabbitmq.enabled=true for a small one in this release.
{{- else if gt (len $ways) 1 }}
- There are two brokers, {{ join " and " $ways }}: set only one of them.
{{- end }}
{{- $shared := or $broker.urlSecret.name (include "splitflap.hasUser" $broker.url) }}
{{- if or .Values.rabbitmq.enabled (and $broker.url (not $shared)) }}
{{- $names := list }}
{{- range $service := list "api" "scraper" "renderer" }}
{{- $user := index $broker.users $service }}
{{- if not (or $user.password $user.existingSecret) }}
- The {{ $service }}'s broker user has no password: set broker.users.{{ $service }}.password, or broker.users.{{ $service }}.existingSecret to a Secret with user and password.
{{- else if and $user.password $user.existingSecret }}
- The {{ $service }}'s broker user has two passwords: set only one of broker.users.{{ $service }}.password and broker.users.{{ $service }}.existingSecret.
{{- end }}
{{- if not $user.existingSecret }}{{ $names = append $names $user.username }}{{ end }}
{{- end }}
{{- if and .Values.rabbitmq.enabled (ne (len $names) (len (uniq $names))) }}
- Two services share a broker user: set another username in one of broker.users.
{{- end }}
{{- end }}
{{- end }}

{{- define "splitflap.validate.database" }}
{{- $database := .Values.database }}
{{- $ways := compact (list (ternary "postgresql.enabled" "" .Values.postgresql.enabled) (ternary "database.url" "" (ne $database.url "")) (ternary "database.urlSecret.name" "" (ne $database.urlSecret.name ""))) }}
{{- if not $ways }}
- There is no database: set database.url (with database.user) or database.urlSecret.name for an external one, or postgresql.enabled=true for a small one in this release.
{{- else if gt (len $ways) 1 }}
- There are two databases, {{ join " and " $ways }}: set only one of them.
{{- end }}
{{- $shared := or $database.urlSecret.name (include "splitflap.hasUser" $database.url) }}
{{- if or .Values.postgresql.enabled (and $database.url (not $shared)) }}
{{- if not (or $database.user.password $database.user.existingSecret (include "splitflap.databaseBySocket" .)) }}
- The database's user has no password: set database.user.password, or database.user.existingSecret to a Secret with user and password.
{{- else if and $database.user.password $database.user.existingSecret }}
- The database's user has two passwords: set only one of database.user.password and database.user.existingSecret.
{{- end }}
{{- end }}
{{- with .Values.migrate.user }}
{{- if $shared }}
- migrate.user has no effect if the database's URL has a user: remove the user from the URL, and set database.user.
{{- end }}
{{- if not (or .existingSecret (and .username (or .password (include "splitflap.databaseBySocket" $)))) }}
- migrate.user is incomplete: set its username and password, or its existingSecret.
{{- end }}
{{- end }}
{{- end }}

{{- define "splitflap.validate.keys" }}
{{- if and .Values.bootstrapKey .Values.bootstrapKeySecret.name }}
- There are two first keys: set only one of bootstrapKey and bootstrapKeySecret.name.
{{- end }}
{{- end }}

{{- define "splitflap.validate.rights" }}
{{- if and .Values.api.showPods (not (or .Values.api.serviceAccount.create .Values.api.serviceAccount.name)) }}
- api.showPods would give a right to the namespace's default account, which other pods have: set api.serviceAccount.name, or api.serviceAccount.create=true.
{{- end }}
{{- end }}

{{- define "splitflap.validate.certificates" }}
{{- range $name, $ca := dict "broker.ca" .Values.broker.ca "database.ca" .Values.database.ca "scraper.ca" .Values.scraper.ca }}
{{- if and $ca.secret $ca.configMap }}
- {{ $name }} has two sources: set only one of {{ $name }}.secret and {{ $name }}.configMap.
{{- end }}
{{- end }}
{{- if and (include "splitflap.hasCa" .Values.broker.ca) (hasPrefix "amqp:" (include "splitflap.brokerUrl" .)) }}
- broker.ca is set, but the broker's URL is without TLS: set broker.url to amqps://... (the RabbitMQ of this chart has no TLS).
{{- end }}
{{- if and .Values.postgresql.enabled (or .Values.database.sslMode (include "splitflap.hasCa" .Values.database.ca)) }}
- database.ca and database.sslMode are for an external database: the PostgreSQL of this chart has no TLS. Unset them, or set database.url.
{{- end }}
{{- end }}

{{- define "splitflap.validate.stopping" }}
{{- range $service, $longest := dict "scraper" "scrapeDeadline" "renderer" "renderDeadline" }}
{{- $settings := (index $.Values $service).settings }}
{{- if le (float64 $settings.stopGrace) (float64 (index $settings $longest)) }}
- {{ $service }}.settings.stopGrace is {{ $settings.stopGrace }} s, too short for a job of {{ index $settings $longest }} s ({{ $service }}.settings.{{ $longest }}): set it to more.
{{- end }}
{{- end }}
{{- end }}

{{- define "splitflap.validate.renderer" }}
{{- $resources := (include "splitflap.podValues" (dict "root" . "component" "renderer") | fromYaml).resources }}
{{- $cpu := dig "limits" "cpu" "" $resources }}
{{- if not (or $cpu (gt (int (.Values.renderer.settings.processes | default 0)) 0)) }}
- The renderer would start a process for each CPU of its node: set renderer.resources.limits.cpu, or renderer.settings.processes.
{{- end }}
{{- end }}

{{/* Kubernetes refuses these only when it creates the pods. */}}
{{- define "splitflap.validate.pods" }}
{{- $components := include "splitflap.workloads" . | fromYamlArray }}
{{- range $name := list "migrate" "helmTest" "rabbitmq" "postgresql" }}{{ if (get $.Values $name).enabled }}{{ $components = append $components ($name | replace "helmTest" "test") }}{{ end }}{{ end }}
{{- range $component := $components }}
{{- $name := ternary "helmTest" $component (eq $component "test") }}
{{- $values := include "splitflap.podValues" (dict "root" $ "component" $component) | fromYaml }}
{{- range $resource, $limit := $values.resources.limits }}
{{- $request := dig "requests" $resource $limit $values.resources }}
{{- if gt (include "splitflap.quantity" $request | float64) (include "splitflap.quantity" $limit | float64) }}
- {{ $name }}.resources requests {{ $request }} of {{ $resource }}, more than the limit of {{ $limit }}: lower {{ $name }}.resources.requests.{{ $resource }}, or raise {{ $name }}.resources.limits.{{ $resource }}.
{{- end }}
{{- end }}
{{- $names := list (get (dict "web" "nginx" "outcomes" "api") $component | default $component) (ternary "definitions" "" (eq $component "rabbitmq")) }}
{{- range concat $values.initContainers ($values.extraContainers | default list) }}
{{- if has .name $names }}
- {{ $name }} has two containers with the name {{ .name }}: choose another in its extraContainers or initContainers.
{{- end }}
{{- $names = append $names .name }}
{{- end }}
{{- if and (eq $values.dnsPolicy "None") (not $values.dnsConfig.nameservers) }}
- The pods of {{ $name }} have no DNS server: set {{ $name }}.dnsConfig.nameservers, or another dnsPolicy.
{{- end }}
{{- $rolling := (include "splitflap.strategy" (dict "root" $ "component" $component) | fromYaml).rollingUpdate | default dict }}
{{- if and (has (toString $rolling.maxSurge) (list "0" "0%")) (has (toString $rolling.maxUnavailable) (list "0" "0%")) }}
- {{ $name }}.strategy allows neither more pods nor fewer: set its maxSurge or its maxUnavailable to more than 0.
{{- end }}
{{- end }}
{{- end }}

{{/* A quantity as a number: 500m, 1.5, 128Mi. */}}
{{- define "splitflap.quantity" -}}
{{- $units := dict "m" 0.001 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "P" 1e15 "E" 1e18 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 "Pi" 1125899906842624 "Ei" 1152921504606846976 "" 1 -}}
{{- $text := toString . -}}
{{- $unit := regexFind "[a-zA-Z]*$" $text -}}
{{- mulf (trimSuffix $unit $text) (get $units $unit) | printf "%f" -}}
{{- end }}

{{- define "splitflap.validate.services" }}
{{- range $name, $service := dict "service" .Values.service "web.service" .Values.web.service }}
{{- $not := dict "ClusterIP" (list "nodePort" "externalTrafficPolicy" "loadBalancerClass" "loadBalancerSourceRanges") "NodePort" (list "loadBalancerClass" "loadBalancerSourceRanges") }}
{{- range $key := get $not $service.type | default list }}
{{- if get $service $key }}
- {{ $name }}.{{ $key }} has no effect with the type {{ $service.type }}: unset it, or set {{ $name }}.type.
{{- end }}
{{- end }}
{{- if and (eq $service.clusterIP "None") (ne $service.type "ClusterIP") }}
- {{ $name }}.clusterIP is None, but the type {{ $service.type }} needs an address: unset it.
{{- end }}
{{- if and (eq $service.ipFamilyPolicy "SingleStack") (gt (len $service.ipFamilies) 1) }}
- {{ $name }}.ipFamilies has two families, but {{ $name }}.ipFamilyPolicy is SingleStack: set one of them.
{{- end }}
{{- if and (eq $.Values.listenAddress "0.0.0.0") (or (has "IPv6" $service.ipFamilies) (has $service.ipFamilyPolicy (list "PreferDualStack" "RequireDualStack"))) }}
- {{ $name }} may get an IPv6 address, but the pods listen on IPv4 alone: set listenAddress to "::", which takes both.
{{- end }}
{{- end }}
{{- end }}

{{- define "splitflap.validate.network" }}
{{- $policy := .Values.networkPolicy }}
{{- if $policy.enabled }}
{{- $usual := dict "amqp" "5672" "amqps" "5671" "postgres" "5432" "postgresql" "5432" "http" "80" "https" "443" }}
{{- range $name, $url := dict "broker" .Values.broker.url "database" .Values.database.url "collector" .Values.tracing.endpoint }}
{{- range regexFind "^[^:]+://[^/?]*" $url | regexFind "[^/@]*$" | splitList "," | compact }}
{{- $port := regexFind ":[0-9]+$" . | trimPrefix ":" | default (get $usual (regexFind "^[a-z]+" $url)) }}
{{- if not (has $port (toStrings (index $policy.egress $name).ports)) }}
- The network policy blocks the {{ $name }}'s port {{ $port }}: add it to networkPolicy.egress.{{ $name }}.ports.
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "splitflap.validate.exposure" }}
{{- if and .Values.ingress.enabled (not .Values.ingress.hosts) }}
- The Ingress has no host: set ingress.hosts.
{{- end }}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) }}
- The HTTPRoute has no Gateway: set httpRoute.parentRefs.
{{- end }}
{{- end }}

{{- define "splitflap.validate.alerts" }}
{{- $known := regexFindAll "alert: [A-Za-z]+" (print (.Files.Get "rules/slo.yaml") (.Files.Get "rules/alerts.yaml")) -1 }}
{{- range .Values.alerts.disabled }}
{{- if not (has (printf "alert: %s" .) $known) }}
- alerts.disabled names {{ . }}, but no alert has this name: docs/alerts.md has all of them.
{{- end }}
{{- end }}
{{- end }}

{{- define "splitflap.validate.autoscaling" }}
{{- range $fault := include "splitflap.scalingFaults" . | trim | splitList "\n" }}
{{- if trim $fault }}
- {{ trim $fault }}
{{- end }}
{{- end }}
{{- end }}
