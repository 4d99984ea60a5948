{{/* Grafana's pages, made this release's own. */}}

{{/* The begin of a page's uid: two installations have different ones, also with names that join to the same text. At most 29 characters of the 40 that Grafana allows. Takes the root. */}}
{{- define "splitflap.dashboardPrefix" -}}
{{- $name := include "splitflap.fullname" . -}}
{{- printf "%s-%s" ($name | trunc 20 | replace "." "-" | trimSuffix "-") (printf "%s/%s" .Release.Namespace $name | sha256sum | trunc 8) -}}
{{- end }}

{{/* A page as JSON, with a uid, a title and links of this release alone, and this release chosen. Grafana refuses all pages of a folder if two have the same uid or title. Takes {root, path}. */}}
{{- define "splitflap.dashboard" -}}
{{- $root := .root -}}
{{- $prefix := include "splitflap.dashboardPrefix" $root -}}
{{- $own := printf `app_kubernetes_io_name=\"%s\",app_kubernetes_io_instance` (include "splitflap.name" $root) -}}
{{- $broker := include "splitflap.brokerMatchers" $root | replace `\` `\\` | replace `"` `\"` -}}
{{- $text := $root.Files.Get .path | replace "app_kubernetes_io_instance=~" (printf "%s=~" $own) -}}
{{- $page := $text | replace `namespace=~\".+\"` $broker | fromJson -}}
{{- $_ := set $page "uid" (printf "%s-%s" $prefix (base .path | trimSuffix ".json")) -}}
{{- $_ := set $page "title" (printf "%s (%s/%s)" $page.title $root.Release.Namespace (include "splitflap.fullname" $root)) -}}
{{- $_ := set $page "tags" (append $page.tags $prefix) -}}
{{- range $page.links -}}
{{- if eq .type "dashboards" -}}
{{- $_ := set . "tags" (append .tags $prefix) -}}
{{- end -}}
{{- end -}}
{{- $chosen := dict "namespace" $root.Release.Namespace "release" $root.Release.Name -}}
{{- range $page.templating.list -}}
{{- if hasKey $chosen .name -}}
{{- $_ := set . "current" (dict "selected" true "text" (list (get $chosen .name)) "value" (list (get $chosen .name))) -}}
{{- end -}}
{{- end -}}
{{- /* Without matchers for Loki there are no logs, and no choice of a Loki. */ -}}
{{- $logs := $root.Values.dashboards.logs -}}
{{- $variables := list -}}
{{- range $page.templating.list -}}
{{- if or $logs (ne .name "loki_datasource") -}}
{{- $variables = append $variables . -}}
{{- end -}}
{{- end -}}
{{- $_ := set $page.templating "list" $variables -}}
{{- $panels := list -}}
{{- range $page.panels -}}
{{- if .collapsed -}}
{{- range .panels -}}{{- range .targets -}}{{- $_ := set . "expr" (printf "{%s}" $logs) -}}{{- end -}}{{- end -}}
{{- end -}}
{{- if or $logs (not .collapsed) -}}
{{- $panels = append $panels . -}}
{{- end -}}
{{- /* A link needs the address of the runbooks. The description names the page in any case. */ -}}
{{- range .links -}}
{{- $_ := set . "url" (printf "%s%s" $root.Values.alerts.runbookPrefix .url) -}}
{{- end -}}
{{- if and .links (not $root.Values.alerts.runbookPrefix) -}}
{{- $_ := set . "links" list -}}
{{- end -}}
{{- range dig "fieldConfig" "defaults" "thresholds" "steps" list . -}}
{{- if .threshold -}}
{{- $name := splitList "." .threshold -}}
{{- $_ := set . "value" (index $root.Values.alerts.thresholds (first $name) (last $name)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $_ := set $page "panels" $panels -}}
{{- toPrettyJson $page -}}
{{- end }}
