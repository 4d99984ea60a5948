{{/* The rule files, restricted to this release, with the constants of the values. */}}

{{/* The labels that tell a release's series from others. Two charts of one release have different names. Takes the root. */}}
{{- define "splitflap.ownSeries" -}}
namespace: {{ .Release.Namespace | quote }}
app_kubernetes_io_name: {{ include "splitflap.name" . | quote }}
app_kubernetes_io_instance: {{ .Release.Name | quote }}
{{- end }}

{{/* The same as matchers of PromQL. Takes the root. */}}
{{- define "splitflap.matchers" -}}
{{- include "splitflap.ownSeries" . | replace ": " "=" | replace "\n" "," -}}
{{- end }}

{{/* The matchers of the RabbitMQ with this release's queues. Takes the root. */}}
{{- define "splitflap.brokerMatchers" -}}
{{- .Values.metrics.rabbitmqSelector | default (include "splitflap.matchers" .) -}}
{{- end }}

{{/* Rule groups as `{groups: [...]}`. Takes the root. */}}
{{- define "splitflap.ruleGroups" -}}
{{- $own := include "splitflap.matchers" . -}}
{{- $broker := include "splitflap.brokerMatchers" . -}}
{{- $constants := include "splitflap.constants" . | fromYaml -}}
{{- $groups := list -}}
{{- range $file := ternary (list "demand" "slo" "alerts") (list "demand" "slo") .Values.alerts.enabled -}}
{{- $text := include "splitflap.rulesText" (dict "root" $ "file" $file) -}}
{{- $text = $text | replace `namespace=~".*"` $own | replace `namespace=~".+"` $broker -}}
{{- range $group := (fromYaml $text).groups -}}
{{- $rules := list -}}
{{- range $rule := $group.rules -}}
{{- if $rule.alert -}}
{{- if not (has $rule.alert $.Values.alerts.disabled) -}}
{{- $page := printf "%s%s" $.Values.alerts.runbookPrefix $rule.annotations.runbook_url -}}
{{- $annotations := merge (dict "runbook_url" $page) $rule.annotations -}}
{{- $labels := include "splitflap.merged" (list $.Values.alerts.labels $rule.labels) | fromYaml -}}
{{- $rules = append $rules (merge (dict "labels" $labels "annotations" $annotations) $rule) -}}
{{- end -}}
{{- else -}}
{{- $labels := $rule.labels | default dict -}}
{{- $constant := dig $rule.record ($labels.kind | default "all") "" $constants -}}
{{- if $constant -}}
{{- $labels = merge (include "splitflap.ownSeries" $ | fromYaml) $labels -}}
{{- $rule = merge (dict "expr" $constant "labels" $labels) $rule -}}
{{- end -}}
{{- $rules = append $rules $rule -}}
{{- end -}}
{{- end -}}
{{- $groups = append $groups (merge (dict "name" (printf "%s.%s.%s" $.Release.Namespace (include "splitflap.fullname" $) $group.name) "rules" $rules) $group) -}}
{{- end -}}
{{- end -}}
{{- toYaml (dict "groups" $groups) -}}
{{- end }}

{{/* The constants of rules/demand.yaml, by name and kind. Takes the root. */}}
{{- define "splitflap.constants" -}}
{{- $scaling := .Values.autoscaling -}}
splitflap:drain_target:seconds: {all: {{ $scaling.drainTarget | quote }}}
splitflap:utilization:ratio: {all: {{ $scaling.utilization | quote }}}
splitflap:job_service_seconds:default: {render: {{ $scaling.renderer.serviceSeconds | quote }}, scrape: {{ $scaling.scraper.serviceSeconds | quote }}}
splitflap:worker_slots:default: {render: {{ $scaling.renderer.slots | quote }}, scrape: {{ $scaling.scraper.slots | quote }}}
{{- end }}
