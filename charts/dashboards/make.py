"""Makes Grafana's dashboards in splitflap/dashboards/ of the pages beside this; `--check` compares.

A page has rows of panels; a panel has a title, a help text, a unit of Grafana's, a width (of 24,
6 unless said) and its queries by their legends. In queries `$own` stands for the matchers of the
chosen releases, and `$broker` for those of the chosen RabbitMQ.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
TARGET = HERE.parent / "splitflap" / "dashboards"

#: Of Grafana 10; later ones migrate it when they load it.
SCHEMA_VERSION = 38

SOURCE = {"type": "prometheus", "uid": "${datasource}"}

MATCHERS = {
    "$own": 'namespace=~"$namespace",app_kubernetes_io_instance=~"$release"',
    "$broker": 'namespace=~"$broker_namespace"',
}

#: A page's width, and heights, in Grafana's units.
WIDTH = 24
ROW, STAT, SERIES = 1, 4, 8


def dashboard(name: str) -> dict[str, Any]:
    """Grafana's model of a page."""
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
    """A choice among a label's values, all of them at first."""
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
        # Series without the label too, which are those from outside of Kubernetes.
        "allValue": ".*",
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
    }


def main() -> None:
    """Write, or compare."""
    drifted = False
    for page in sorted(HERE.glob("*.yaml")):
        path = TARGET / f"{page.stem}.json"
        text = json.dumps(dashboard(page.stem), indent=2) + "\n"
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        drifted = True
        if "--check" in sys.argv:
            sys.stdout.write(f"{path.name} has drifted: run `make docs`\n")
        else:
            TARGET.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"charts/splitflap/dashboards/{path.name} was written\n")
    raise SystemExit(drifted and "--check" in sys.argv)


if __name__ == "__main__":
    main()
