{{/* What the two servers of this chart have in common: official images, one pod, one volume. */}}

{{/* 999 is the user of both official images that are made from Debian. */}}
{{- define "splitflap.stockPodSecurityContext" -}}
{{- toYaml (mustMergeOverwrite (dict) .Values.podSecurityContext (dict
    "runAsUser" 999 "runAsGroup" 999 "fsGroup" 999 "fsGroupChangePolicy" "OnRootMismatch")) -}}
{{- end }}

{{/* Labels and annotations of a pod. Takes {root, component}. */}}
{{- define "splitflap.stockLabels" -}}
{{ include "splitflap.podLabels" . }}
{{- with (index .root.Values .component).podLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Takes {root, component}. The claim outlives the release. */}}
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

{{/* Asks without a password whether the server takes connections; over TCP, for while it is set up it has none. */}}
{{- define "splitflap.pgIsReady" -}}
exec: {command: [pg_isready, -q, -h, 127.0.0.1]}
{{- end }}
