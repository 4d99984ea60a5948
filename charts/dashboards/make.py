"""Builds Grafana's dashboards in splitflap/dashboards/ from the pages here; `--check` compares.

A page has rows of panels. A panel has a title, a help text, a unit of Grafana, a width (of 24 in
all, default 6) and its queries by their legends. In a query, `$own` stands for the matchers of the
chosen pods, `$whole` for those of their releases (recorded series have no pod), `$broker` for those
of the chosen RabbitMQ, and `$queues` for those of its queues. `alert` names the alert with the
runbook of a panel. `steps` are values by colour: a number, or a name in `alerts.thresholds` of the
chart. A panel without steps has one colour, since Grafana's default is red from 80 of anything.

The models are made by hand. grafana-foundation-sdk has a builder for each of these objects, but a
panel takes a dozen calls there, and five lines of YAML here.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
TARGET = HERE.parent / "splitflap" / "dashboards"

#: The schema of Grafana 10. Later versions migrate it when they load it.
SCHEMA_VERSION = 38

SOURCE = {"type": "prometheus", "uid": "${prometheus_datasource}"}
LOKI = {"type": "loki", "uid": "${loki_datasource}"}

VALUES = yaml.safe_load((TARGET.parent / "values.yaml").read_text(encoding="utf-8"))

#: The chart puts the matchers of its own broker in this place, as in the rules.
BROKER = 'namespace=~".+"'

MATCHERS = {
    "$own": 'namespace=~"$namespace",app_kubernetes_io_instance=~"$release",pod=~"$pod"',
    "$whole": 'namespace=~"$namespace",app_kubernetes_io_instance=~"$release"',
    "$broker": f'{BROKER},namespace=~"$broker_namespace"',
    "$queues": (
        f'{BROKER},namespace=~"$broker_namespace",vhost=~"$vhost",'
        'queue=~"(render|scrape|results)([.]express)?|deliver(ed)?|dead"'
    ),
}

#: Events shown in all panels: title, query, colour.
EVENTS = (
    (
        "Restarts",
        "{{pod}} restarted",
        "changes(process_start_time_seconds{$own}[$__rate_interval]) > 0",
        "red",
    ),
    (
        "Scaling",
        "{{app_kubernetes_io_component}}: another number of pods",
        (
            "count by (app_kubernetes_io_component) (process_start_time_seconds{$whole}) != "
            "count by (app_kubernetes_io_component) (process_start_time_seconds{$whole} offset 1m)"
        ),
        "blue",
    ),
)

#: LogQL matchers for this file as it is; the chart takes them from `dashboards.logs`. Loki refuses
#: a selector whose matchers all match an empty label.
LOGS = 'namespace=~"$namespace",pod=~"$pod",pod!=""'

#: The width of a page, and the heights of its parts, in Grafana's units.
WIDTH = 24
ROW, STAT, SERIES, LINES = 1, 4, 8, 12


def dashboard(name: str) -> dict[str, Any]:
    """Grafana's JSON model of a page."""
    page = yaml.safe_load((HERE / f"{name}.yaml").read_text(encoding="utf-8"))
    panels = list(_panels(page["rows"]))
    logs = _logs(max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in panels))
    for number, panel in enumerate([*panels, logs, *logs["panels"]], 1):
        panel["id"] = number
    return {
        "uid": f"splitflap-{name}",
        "title": page["title"],
        "tags": ["splitflap"],
        "schemaVersion": SCHEMA_VERSION,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "browser",
        "annotations": {"list": [_event(*event) for event in EVENTS]},
        "links": [
            {
                "type": "dashboards",
                "title": "Splitflap",
                "tags": ["splitflap"],
                "asDropdown": True,
                "includeVars": True,
                "keepTime": True,
            }
        ],
        "templating": {"list": list(_variables(panels))},
        "panels": [*panels, logs],
    }


def _panels(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    top = 0
    for row in rows:
        place = {"x": 0, "y": top, "w": WIDTH, "h": ROW}
        yield {"type": "row", "title": row["title"], "collapsed": False, "gridPos": place}
        top += ROW
        left = height = 0
        for panel in row["panels"]:
            is_stat = panel.get("kind") == "stat"
            width = panel.get("width", 4 if is_stat else 6)
            if left + width > WIDTH:
                left, top = 0, top + height
            height = STAT if is_stat else SERIES
            place = {"x": left, "y": top, "w": width, "h": height}
            yield {**_panel(panel, is_stat=is_stat), "gridPos": place}
            left += width
        top += height


def _panel(panel: dict[str, Any], *, is_stat: bool) -> dict[str, Any]:
    is_heatmap = panel.get("kind") == "heatmap"
    lines: dict[str, Any] = {"lineWidth": 1, "fillOpacity": 10, "showPoints": "never"}
    if "steps" in panel:
        lines["thresholdsStyle"] = {"mode": "dashed"}
    defaults = {
        "unit": panel["unit"],
        "min": 0,
        "custom": {} if is_stat or is_heatmap else lines,
        **_colours(panel, is_stat=is_stat),
    }
    alert = panel.get("alert")
    runbook = f"docs/alerts.md#{alert}".lower()
    return {
        "type": panel.get("kind", "timeseries"),
        "title": panel["title"],
        "description": f"{panel['help']} Runbook: {runbook}." if alert else panel["help"],
        "links": [{"title": f"Runbook of {alert}", "url": runbook}] if alert else [],
        "datasource": SOURCE,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": _heatmap(panel["unit"]) if is_heatmap else {},
        "targets": [
            {
                "refId": chr(ord("A") + number),
                "datasource": SOURCE,
                "expr": _expression(query),
                "legendFormat": legend,
                "instant": is_stat,
                "range": not is_stat,
                # Shown if Prometheus stores exemplars of these buckets.
                "exemplar": "_bucket{" in query,
                "format": "heatmap" if is_heatmap else "time_series",
            }
            for number, (legend, query) in enumerate(panel["queries"].items())
        ],
    }


def _colours(panel: dict[str, Any], *, is_stat: bool) -> dict[str, Any]:
    bounds = {panel.get("base", "green"): None, **panel.get("steps", {})}
    steps = [_step(*each) for each in bounds.items()]
    colours: dict[str, Any] = {"thresholds": {"mode": "absolute", "steps": steps}}
    if is_stat and "steps" in panel:
        colours["color"] = {"mode": "thresholds"}
    elif is_stat:
        colours["color"] = {"mode": "fixed", "fixedColor": "text"}
    return colours


def _step(colour: str, value: float | str | None) -> dict[str, Any]:
    """A step; `threshold` names the chart's value, and Grafana ignores it."""
    if not isinstance(value, str):
        return {"color": colour, "value": value}
    group, name = value.split(".")
    default = VALUES["alerts"]["thresholds"][group][name]
    return {"color": colour, "value": default, "threshold": value}


def _heatmap(unit: str) -> dict[str, Any]:
    return {
        "calculate": False,
        "cellGap": 1,
        "color": {"mode": "scheme", "scheme": "Oranges", "steps": 64},
        "exemplars": {"color": "rgba(255,0,255,0.7)"},
        "filterValues": {"le": 1e-9},
        "legend": {"show": True},
        "rowsFrame": {"layout": "auto"},
        "tooltip": {"mode": "single", "yHistogram": False},
        "yAxis": {"axisPlacement": "left", "reverse": False, "unit": unit},
    }


def _event(title: str, text: str, query: str, colour: str) -> dict[str, Any]:
    return {
        "name": title,
        "datasource": SOURCE,
        "enable": True,
        "iconColor": colour,
        "expr": _expression(query),
        "step": "60s",
        "titleFormat": text,
    }


def _logs(top: int) -> dict[str, Any]:
    """A closed row, which asks Loki for nothing until someone opens it."""
    lines = {
        "type": "logs",
        "title": "Logs",
        "description": "Lines of the chosen pods.",
        "datasource": LOKI,
        "gridPos": {"x": 0, "y": top + ROW, "w": WIDTH, "h": LINES},
        "options": {"showTime": True, "wrapLogMessage": True, "sortOrder": "Descending"},
        "targets": [{"refId": "A", "datasource": LOKI, "expr": f"{{{LOGS}}}"}],
    }
    place = {"x": 0, "y": top, "w": WIDTH, "h": ROW}
    return {"type": "row", "title": "Logs", "collapsed": True, "gridPos": place, "panels": [lines]}


def _expression(query: str) -> str:
    for word, matchers in MATCHERS.items():
        query = query.replace(word, matchers)
    return query


def _variables(panels: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    yield _source("prometheus")
    yield _source("loki")
    api = "splitflap_http_requests_in_flight"
    start = MATCHERS["$whole"]
    yield _labels("namespace", "Namespace", api, "namespace")
    yield _labels(
        "release",
        "Release",
        f'{api}{{namespace=~"$namespace"}}',
        "app_kubernetes_io_instance",
    )
    yield _labels("pod", "Pod", f"process_start_time_seconds{{{start}}}", "pod")
    if "$broker_namespace" in json.dumps(panels):
        alarms = f"rabbitmq_alarms_memory_used_watermark{{{BROKER}}}"
        yield _labels("broker_namespace", "RabbitMQ's namespace", alarms, "namespace")
        queues = f"rabbitmq_detailed_queue_messages_ready{{{MATCHERS['$broker']}}}"
        yield _labels("vhost", "RabbitMQ's vhost", queues, "vhost")


def _source(kind: str) -> dict[str, Any]:
    return {
        "name": f"{kind}_datasource",
        "label": f"{kind.title()} data source",
        "type": "datasource",
        "query": kind,
    }


def _labels(name: str, title: str, series: str, label: str) -> dict[str, Any]:
    """A variable with the values of a label; all are selected at first."""
    return {
        "name": name,
        "label": title,
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": f"label_values({series}, {label})", "refId": name},
        "definition": f"label_values({series}, {label})",
        "refresh": 2,
        "sort": 1,
        "includeAll": True,
        "multi": True,
        # Matches series without the label too: those from outside Kubernetes.
        "allValue": ".*",
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
    }


def main() -> None:
    """Write or compare all dashboards."""
    drifted = False
    for page in sorted(HERE.glob("*.yaml")):
        path = TARGET / f"{page.stem}.json"
        text = json.dumps(dashboard(page.stem), indent=2) + "\n"
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        drifted = True
        if "--check" in sys.argv:
            sys.stdout.write(f"{path.name} is stale: run `make docs`\n")
        else:
            TARGET.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"charts/splitflap/dashboards/{path.name} was written\n")
    raise SystemExit(drifted and "--check" in sys.argv)


if __name__ == "__main__":
    main()
