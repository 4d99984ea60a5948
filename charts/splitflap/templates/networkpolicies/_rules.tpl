{{/* Rules of network policies; each is an entry of `ingress` or `egress`. */}}

{{/* To the DNS servers. Takes {root}. */}}
{{- define "splitflap.dnsRule" -}}
{{- $dns := .root.Values.networkPolicy.egress.dns -}}
- to:
    {{- toYaml $dns.to | nindent 4 }}
  ports:
    {{- range $dns.ports }}
    - {port: {{ . }}, protocol: UDP}
    - {port: {{ . }}, protocol: TCP}
    {{- end }}
{{- end }}

{{/* To a server of this chart, or to the addresses of the external one. Takes {root, server: rabbitmq or postgresql, port, outside}. */}}
{{- define "splitflap.serverRule" -}}
{{- if (index .root.Values .server).enabled -}}
{{- include "splitflap.toRule" (dict "root" .root "port" .port "component" .server) -}}
{{- else -}}
- ports:
    {{- range .outside.ports }}
    - {port: {{ . }}, protocol: TCP}
    {{- end }}
  {{- with .outside.to }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
{{- end }}

{{/* To the broker. Takes {root}. */}}
{{- define "splitflap.brokerRule" -}}
{{- include "splitflap.serverRule" (dict "root" .root "server" "rabbitmq" "port" 5672 "outside" .root.Values.networkPolicy.egress.broker) -}}
{{- end }}

{{/* To the database. Takes {root}. */}}
{{- define "splitflap.databaseRule" -}}
{{- include "splitflap.serverRule" (dict "root" .root "server" "postgresql" "port" 5432 "outside" .root.Values.networkPolicy.egress.database) -}}
{{- end }}

{{/* To the Kubernetes API. Takes {root}. */}}
{{- define "splitflap.kubernetesRule" -}}
{{- $kubernetes := .root.Values.networkPolicy.egress.kubernetes -}}
- ports:
    {{- range $kubernetes.ports }}
    - {port: {{ . }}, protocol: TCP}
    {{- end }}
  {{- with $kubernetes.to }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{/* To the internet and to the private networks that the scraper may reach. Takes {root}. */}}
{{- define "splitflap.internetRule" -}}
{{- $egress := .root.Values.networkPolicy.egress -}}
- to:
    - ipBlock:
        cidr: 0.0.0.0/0
        except:
          {{- toYaml $egress.scraperExcept | nindent 10 }}
    - ipBlock:
        cidr: ::/0
        except:
          {{- toYaml $egress.scraperExceptIPv6 | nindent 10 }}
    {{- range concat .root.Values.scraper.allowNets .root.Values.scraper.nat64 }}
    - ipBlock: {cidr: {{ . | quote }}}
    {{- end }}
{{- end }}

{{/* To a port of a component of this release. Takes {root, port, component}. */}}
{{- define "splitflap.toRule" -}}
- to:
    - podSelector:
        matchLabels:
          {{- include "splitflap.selectorLabels" . | nindent 10 }}
  ports: [{port: {{ .port }}, protocol: TCP}]
{{- end }}

{{/* Into a port from the given peers; from all if there are none. Takes {port, from}. */}}
{{- define "splitflap.intoRule" -}}
- ports: [{port: {{ .port }}, protocol: TCP}]
  {{- with .from }}
  from:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{/* Into a port from components of this release. Takes {root, port, components}. */}}
{{- define "splitflap.fromRule" -}}
- ports: [{port: {{ .port }}, protocol: TCP}]
  from:
    {{- range $component := .components }}
    - podSelector:
        matchLabels:
          {{- include "splitflap.selectorLabels" (dict "root" $.root "component" $component) | nindent 10 }}
    {{- end }}
{{- end }}
