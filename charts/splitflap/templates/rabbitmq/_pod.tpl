{{/* The pod of RabbitMQ, without the values of pods. Takes root. */}}
{{- define "splitflap.rabbitmqPod" -}}
{{- $it := dict "root" . "component" "rabbitmq" -}}
{{- $values := .Values.rabbitmq -}}
serviceAccountName: {{ include "splitflap.componentName" $it }}
terminationGracePeriodSeconds: 60
securityContext:
  {{- include "splitflap.stockPodSecurityContext" $it | nindent 2 }}
initContainers:
  # Hashes the passwords. Templates cannot: they have no hash function for it, and no access to existing Secrets.
  - name: definitions
    image: {{ include "splitflap.ownImage" (dict "root" . "service" "api") }}
    command: [sh, -c, python -m splitflap_core.definitions >/definitions/definitions.json]
    env:
      - {name: SPLITFLAP_VHOST, value: splitflap}
      {{- range $service := list "api" "scraper" "renderer" }}
      {{- include "splitflap.userEnv" (dict
          "root" $
          "user" (index $.Values.broker.users $service)
          "secret" (include "splitflap.componentName" (dict "root" $ "component" $service))
          "key" "broker-password"
          "userVariable" (printf "SPLITFLAP_%s_USER" (upper $service))
          "passwordVariable" (printf "SPLITFLAP_%s_PASSWORD" (upper $service))) | nindent 6 }}
      {{- end }}
    resources:
      {{- toYaml $values.definitionsResources | nindent 6 }}
    volumeMounts:
      - {name: definitions, mountPath: /definitions}
containers:
  - name: rabbitmq
    image: {{ include "splitflap.image" (dict "root" . "image" $values.image) }}
    env:
      # A constant node name, independent of the pod's name. Erlang's own ports stay inside the pod.
      - {name: RABBITMQ_NODENAME, value: rabbit@localhost}
      - {name: ERL_EPMD_ADDRESS, value: "127.0.0.1"}
      - {name: RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS, value: "-kernel inet_dist_use_interface {127,0,0,1}"}
      - {name: RABBITMQ_LOGS, value: "-"}
    ports:
      - {name: amqp, containerPort: 5672}
      - {name: metrics, containerPort: 15692}
    # RabbitMQ opens this port last, when it is ready. rabbitmq-diagnostics would start an Erlang VM each time.
    startupProbe:
      tcpSocket: {port: amqp}
      periodSeconds: 2
      failureThreshold: 150
    readinessProbe:
      tcpSocket: {port: amqp}
      periodSeconds: 5
    livenessProbe:
      tcpSocket: {port: amqp}
      periodSeconds: 15
      failureThreshold: 4
    volumeMounts:
      - {name: data, mountPath: /var/lib/rabbitmq/mnesia}
      # The folder of Erlang's cookie. Only its owner may read the cookie, and a volume with an fsGroup is readable by the group.
      - {name: home, mountPath: /var/lib/rabbitmq}
      - {name: logs, mountPath: /var/log/rabbitmq}
      - {name: tmp, mountPath: /tmp}
      - {name: definitions, mountPath: /etc/rabbitmq/definitions, readOnly: true}
      - {name: config, mountPath: /etc/rabbitmq/conf.d/90-splitflap.conf, subPath: splitflap.conf, readOnly: true}
      - {name: config, mountPath: /etc/rabbitmq/enabled_plugins, subPath: enabled_plugins, readOnly: true}
volumes:
  - {name: home, emptyDir: {}}
  - {name: logs, emptyDir: {}}
  - {name: tmp, emptyDir: {}}
  - name: definitions
    emptyDir: {medium: Memory, sizeLimit: 1Mi}
  - name: config
    configMap: {name: {{ include "splitflap.componentName" $it }}}
  {{- if not $values.persistence.enabled }}
  - {name: data, emptyDir: {}}
  {{- end }}
{{- end }}
