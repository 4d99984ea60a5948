{{/* What the two servers of this chart have in common: official images, one pod, one volume. */}}

{{/* 999 is the user of both official images that are made from Debian. */}}
{{- define "splitflap.stockPodSecurityContext" -}}
runAsNonRoot: true
runAsUser: 999
runAsGroup: 999
fsGroup: 999
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
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

{{/* Over the socket's port, and without a password: it asks only whether the server takes connections. */}}
{{- define "splitflap.pgIsReady" -}}
exec: {command: [pg_isready, -q, -h, 127.0.0.1]}
{{- end }}

{{/* Where a pod may run. Takes the component's values. */}}
{{- define "splitflap.scheduling" -}}
{{- with .nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end }}
