"""Builds Grafana's dashboards in splitflap/dashboards/ from the pages here; `--check` compares.

A page has rows of panels. A panel has a title, a help text, a unit of Grafana, a width (of 24 in
all, default 6) and its queries by their legends. In a query, `$own` stands for the matchers of the
chosen releases, and `$broker` for the matchers of the chosen RabbitMQ.
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

SOURCE = {"type": "prometheus", "uid": "${datasource}"}

MATCHERS = {
    "$own": 'namespace=~"$namespace",app_kubernetes_io_instance=~"$release"',
    "$broker": 'namespace=~"$broker_namespace"',
}

#: The width of a page, and the heights of its parts, in Grafana's units.
WIDTH = 24
ROW, STAT, SERIES = 1, 4, 8


def dashboard(name: str) -> dict[str, Any]:
    """Grafana's JSON model of a page."""
    page = yaml.safe_load((HERE / f"{name}.yaml").read_text(encoding="utf-8"))
    panels = list(_panels(page["rows"]))
    for number, panel in enumerate(panels, 1):
        panel["id"] = number
    return {
        "uid": f"splitflap-{name}",
        "title": page["title"],
        "tags": ["splitflap"],
        "schemaVersion": SCHEMA_VERSION,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "browser",
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
        "panels": panels,
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
    custom = {} if is_stat else {"lineWidth": 1, "fillOpacity": 10, "showPoints": "never"}
    return {
        "type": "stat" if is_stat else "timeseries",
        "title": panel["title"],
        "description": panel["help"],
        "datasource": SOURCE,
        "fieldConfig": {
            "defaults": {"unit": panel["unit"], "min": 0, "custom": custom},
            "overrides": [],
        },
        "targets": [
            {
                "refId": chr(ord("A") + number),
                "datasource": SOURCE,
                "expr": _expression(query),
                "legendFormat": legend,
                "instant": is_stat,
                "range": not is_stat,
            }
            for number, (legend, query) in enumerate(panel["queries"].items())
        ],
    }


def _expression(query: str) -> str:
    for word, matchers in MATCHERS.items():
        query = query.replace(word, matchers)
    return query


def _variables(panels: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    yield {
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": "prometheus",
    }
    api = "splitflap_http_requests_in_flight"
    within = f'{api}{{namespace=~"$namespace"}}'
    yield _labels("namespace", "Namespace", api, "namespace")
    yield _labels("release", "Release", within, "app_kubernetes_io_instance")
    if "$broker_namespace" in json.dumps(panels):
        alarms = "rabbitmq_alarms_memory_used_watermark"
        yield _labels("broker_namespace", "RabbitMQ's namespace", alarms, "namespace")


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
