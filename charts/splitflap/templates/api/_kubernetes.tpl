{{/* What the API needs to read the pods of this release. */}}

{{/* Whether a component reads them: "true", or nothing. Takes {root, component}. */}}
{{- define "splitflap.asksKubernetes" -}}
{{- if and (eq .component "api") .root.Values.api.showPods -}}true{{- end -}}
{{- end }}

{{/* The files that Kubernetes would mount by itself, for this container alone: a sidecar gets none. The kubelet renews the token. */}}
{{- define "splitflap.tokenVolume" -}}
- name: kubernetes
  projected:
    sources:
      - serviceAccountToken: {path: token, expirationSeconds: 3600}
      - configMap:
          name: kube-root-ca.crt
          items: [{key: ca.crt, path: ca.crt}]
      - downwardAPI:
          items: [{path: namespace, fieldRef: {fieldPath: metadata.namespace}}]
{{- end }}
