{{/* The common parts of RabbitMQ and PostgreSQL: official images, one pod, one volume. */}}

{{/* A pod's security context. Takes {root, component}. */}}
{{- define "splitflap.stockPodSecurityContext" -}}
{{- $ids := dict -}}
{{- with int (index .root.Values .component).userId -}}
{{- $ids = dict "runAsUser" . "runAsGroup" . "fsGroup" . "fsGroupChangePolicy" "OnRootMismatch" -}}
{{- end -}}
{{- include "splitflap.merged" (list .root.Values.podSecurityContext $ids) -}}
{{- end }}

{{/* The volume claim, which outlives the release. Takes {root, component}. */}}
{{- define "splitflap.volumeClaims" -}}
{{- $persistence := (index .root.Values .component).persistence -}}
{{- if $persistence.enabled -}}
volumeClaimTemplates:
  - metadata:
      name: data
      labels:
        {{- include "splitflap.selectorLabels" . | nindent 8 }}
    spec:
      accessModes: [ReadWriteOnce]
      {{- with $persistence.storageClass }}
      storageClassName: {{ . }}
      {{- end }}
      resources:
        requests: {storage: {{ $persistence.size }}}
{{- end -}}
{{- end }}

{{/* Checks without a password that the server accepts connections. Over TCP, since the server has no TCP port during its set-up. */}}
{{- define "splitflap.pgIsReady" -}}
exec: {command: [pg_isready, -q, -h, 127.0.0.1]}
{{- end }}
