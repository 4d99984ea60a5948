{{/* The broker's configuration; where a figure is not RabbitMQ's default, the line before says why. */}}
{{- define "splitflap.rabbitmqConfig" -}}
# Users, rights and the virtual host, written by the pod's first container.
load_definitions = /etc/rabbitmq/definitions/definitions.json
log.console = true
log.file = false
# The user that RabbitMQ would make has a password that everybody knows.
loopback_users.guest = true
vm_memory_high_watermark.relative = 0.6
disk_free_limit.absolute = 200MB
# Quorum queues keep a log of this size in memory: 512 MiB by default, which is more than the pod.
raft.wal_max_size_bytes = 67108864
{{- end }}
