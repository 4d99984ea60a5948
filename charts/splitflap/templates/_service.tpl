{{/* The Services that clients reach: that of the page, and that of the API. */}}

{{/* The spec. Takes {root, component, service}: the values of the Service. */}}
{{- define "splitflap.serviceSpec" -}}
{{- $chosen := pick .service "clusterIP" "ipFamilyPolicy" "ipFamilies" "loadBalancerClass" "loadBalancerSourceRanges" "externalTrafficPolicy" "internalTrafficPolicy" -}}
{{- include "splitflap.present" (list (dict "type" .service.type) $chosen) }}
selector:
  {{- include "splitflap.selectorLabels" . | nindent 2 }}
ports:
  - name: http
    port: {{ .service.port }}
    targetPort: http
    {{- with .service.nodePort }}
    nodePort: {{ . }}
    {{- end }}
    protocol: TCP
    appProtocol: http
{{- end }}
