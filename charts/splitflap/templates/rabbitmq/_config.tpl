{{/* The broker's configuration, valid for RabbitMQ 3.10 to 4.3. Comments explain the values other than RabbitMQ's defaults. */}}
{{- define "splitflap.rabbitmqConfig" -}}
# Users, rights and the virtual host, written by the init container.
load_definitions = /etc/rabbitmq/definitions/definitions.json
log.console = true
log.file = false
# RabbitMQ's default user has a public password.
loopback_users.guest = true
vm_memory_high_watermark.relative = 0.6
disk_free_limit.absolute = 200MB
# Size of the quorum queues' log in memory. The default of 512 MiB is too large for the pod.
raft.wal_max_size_bytes = 67108864
{{- with .Values.rabbitmq.extraConfig }}
{{ . }}
{{- end }}
{{- end }}
