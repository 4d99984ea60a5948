{{/* Rules of network policies; each is an entry of `ingress` or `egress`. */}}

{{/* Takes {root}. */}}
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

{{/* To a server of this chart, or to where the values say that it is. Takes {root, server: rabbitmq or postgresql, port, outside}. */}}
{{- define "splitflap.serverRule" -}}
{{- if (index .root.Values .server).enabled -}}
- to:
    - podSelector:
        matchLabels:
          {{- include "splitflap.selectorLabels" (dict "root" .root "component" .server) | nindent 10 }}
  ports: [{port: {{ .port }}, protocol: TCP}]
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

{{/* Takes {root}. */}}
{{- define "splitflap.brokerRule" -}}
{{- include "splitflap.serverRule" (dict "root" .root "server" "rabbitmq" "port" 5672 "outside" .root.Values.networkPolicy.egress.broker) -}}
{{- end }}

{{/* Takes {root}. */}}
{{- define "splitflap.databaseRule" -}}
{{- include "splitflap.serverRule" (dict "root" .root "server" "postgresql" "port" 5432 "outside" .root.Values.networkPolicy.egress.database) -}}
{{- end }}

{{/* The internet, and the networks that the scraper is allowed besides. Takes {root}. */}}
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
    {{- range .root.Values.scraper.allowNets }}
    - ipBlock: {cidr: {{ . | quote }}}
    {{- end }}
{{- end }}

{{/* Into a port, from those who are named; from everybody where nobody is. Takes {port, from}. */}}
{{- define "splitflap.intoRule" -}}
- ports: [{port: {{ .port }}, protocol: TCP}]
  {{- with .from }}
  from:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{/* From this release's components. Takes {root, port, components}. */}}
{{- define "splitflap.fromRule" -}}
- ports: [{port: {{ .port }}, protocol: TCP}]
  from:
    {{- range $component := .components }}
    - podSelector:
        matchLabels:
          {{- include "splitflap.selectorLabels" (dict "root" $.root "component" $component) | nindent 10 }}
    {{- end }}
{{- end }}
