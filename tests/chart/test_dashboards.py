"""Each query of Grafana's dashboards, on a real Prometheus that scrapes a running system."""

import json
import math
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.servers.fixtures import or_skip
from tests.servers.postgres import Postgres
from tests.servers.prometheus import Prometheus, Target
from tests.servers.rabbitmq import RabbitMq
from tests.support import wait_until
from tests.system.rig.site import Site
from tests.system.rig.stack import Stack, StackBackend, running

from .helm import TOOLS, Helm, Values, merged
from .promtool import CHART, PLAIN
from .values import DEV

ROOT = CHART.parents[1]

NAMES = ("api", "overview", "renderer", "scraper")

#: A pod's labels, named as by a PodMonitor's podTargetLabels.
RELEASE = {
    "namespace": "ns",
    "app_kubernetes_io_instance": "r",
    "app_kubernetes_io_part_of": "splitflap",
}

#: The values of Grafana's variables for one chosen release.
CHOSEN = {
    "$namespace": "ns",
    "$release": "r",
    "$broker_namespace": "ns",
    "$pod": ".*",
    "$vhost": ".*",
    "$__rate_interval": "1m",
    "$__range": "1m",
}

#: Units of the pages, all of them known to Grafana.
UNITS = {"bytes", "ops", "percentunit", "reqps", "s", "short"}

#: Seconds for two scrapes of all targets and an evaluation of the rules.
TIMEOUT = 60.0


def dashboard(name: str) -> dict[str, Any]:
    """A dashboard of the chart."""
    path = CHART / "dashboards" / f"{name}.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def panels(name: str) -> list[dict[str, Any]]:
    """The panels without the titles of rows."""
    return [panel for panel in dashboard(name)["panels"] if panel["type"] != "row"]


def queries() -> Iterator[tuple[str, str]]:
    """Every query with its place."""
    for name in NAMES:
        for panel in panels(name):
            for target in panel["targets"]:
                query = target["expr"]
                for variable, value in CHOSEN.items():
                    query = query.replace(variable, value)
                yield f"{name}: {panel['title']}: {target['legendFormat']}", query


def work(stack: Stack, site: Site) -> None:
    """Create posts with good and missing pages, and kill workers at work."""
    client = stack.client()
    for number in range(5):
        client.create_post(
            f"# see {site.url(f'page/{number}')} and {site.url(f'missing/{number}')}"
        )
    slow = client.submit(f"see {site.url('slow/page')}")
    wait_until(lambda: any("slow" in hit for hit in site.hits), "the slow page's visitor")
    stack.kill("scraper")
    stack.kill("renderer")
    stack.start("scraper", "renderer")
    client.wait_final(slow)
    for number in range(5):
        client.create_post(f"*and* {site.url(f'page/later-{number}')} {site.url(f'gone/{number}')}")


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A Prometheus that has scraped all services and a RabbitMQ at work."""
    with (
        or_skip(lambda: RabbitMq("rabbitmq_prometheus")) as broker,
        or_skip(Postgres) as database,
        Site() as site,
    ):
        environ = {
            "SPLITFLAP_DATABASE_URL": database.create_database("dashboards"),
            "SPLITFLAP_BROKER_URL": broker.url,
        }
        backend = StackBackend("servers", environ, broker.url)
        with (
            running(backend, tmp_path_factory.mktemp("dashboards")) as stack,
            or_skip(lambda: Prometheus(targets(stack, broker), PLAIN)) as server,
        ):
            # Prometheus must see the counters at 0 before they grow.
            wait_until(lambda: len(server.query("up == 1")) == 6, "all to be scraped", TIMEOUT)
            work(stack, site)
            yield server


def targets(stack: Stack, broker: RabbitMq) -> list[Target]:
    """The targets of a PodMonitor: all services, and RabbitMQ with its two endpoints."""
    found = [
        Target(
            service.health_port,
            {**RELEASE, "pod": name, "app_kubernetes_io_component": name.removesuffix("-2")},
        )
        for name, service in stack.services.items()
    ]
    rabbit = {**RELEASE, "pod": "rabbitmq-0", "app_kubernetes_io_component": "rabbitmq"}
    families = {"family": ["queue_coarse_metrics", "queue_consumer_count"]}
    return [
        *found,
        Target(broker.metrics_port, rabbit),
        Target(broker.metrics_port, rabbit, "/metrics/detailed", families),
    ]


def has_data(server: Prometheus, query: str) -> bool:
    """Whether the query had a number at any second since the start."""
    now = time.time()
    series = server.query_range(query, now - TIMEOUT, now)
    values = (float(value) for each in series for _, value in each["values"])
    return any(math.isfinite(value) for value in values)


@pytest.mark.servers
def test_every_query_returns_data(prometheus: Prometheus) -> None:
    """The variables have the values of a chosen release."""
    missing = dict(queries())

    def all_there() -> bool:
        for place in [place for place, query in missing.items() if has_data(prometheus, query)]:
            del missing[place]
        return not missing

    wait_until(all_there, lambda: f"data: {missing}", TIMEOUT)


@pytest.mark.servers
def test_the_demand_is_known_for_both_workers(prometheus: Prometheus) -> None:
    """After little work it is below one replica."""
    demand = prometheus.query("splitflap:demand:replicas")
    values = {each["metric"]["kind"]: float(each["value"][1]) for each in demand}
    assert set(values) == {"render", "scrape"}
    assert all(0 <= value < 1 for value in values.values()), values


@pytest.mark.servers
def test_every_metric_of_the_alerts_exists(prometheus: Prometheus) -> None:
    """An alert on an unknown metric would never fire."""
    text = (CHART / "rules" / "alerts.yaml").read_text(encoding="utf-8")
    names = set(re.findall(r"\b(?:splitflap|rabbitmq)[a-z0-9_:]*(?=\{)", text))
    assert len(names) > 10
    for name in names:
        assert prometheus.query(f"count({name})"), name


def test_the_generated_dashboards_are_up_to_date() -> None:
    """`make docs` generates them from charts/dashboards."""
    check = subprocess.run(
        [sys.executable, ROOT / "charts" / "dashboards" / "make.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert check.returncode == 0, check.stdout + check.stderr


@pytest.mark.parametrize("name", NAMES)
def test_a_dashboard_works_in_every_grafana(name: str) -> None:
    """It names no data source of an installation."""
    model = dashboard(name)
    assert "id" not in model
    variables = {each["name"]: each for each in model["templating"]["list"]}
    assert variables["prometheus_datasource"]["type"] == "datasource"
    assert {"namespace", "release", "pod"} <= set(variables)
    ids = [panel["id"] for panel in model["panels"]]
    assert len(ids) == len(set(ids))
    for panel in panels(name):
        assert panel["description"].endswith((".", ")")), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert panel["datasource"]["uid"] == "${prometheus_datasource}"
        for target in panel["targets"]:
            used = set(re.findall(r"\$(\w+)", target["expr"])) - {"__rate_interval", "__range"}
            assert used <= set(variables), target["expr"]
            assert target["datasource"]["uid"] == "${prometheus_datasource}"


@pytest.mark.parametrize("name", NAMES)
def test_latencies_show_exemplars(name: str) -> None:
    """Every query of buckets asks for them, and a heatmap has a colour for them."""
    found = [(panel, target) for panel in panels(name) for target in panel["targets"]]
    buckets = [(panel, target) for panel, target in found if "_bucket{" in target["expr"]]
    assert buckets
    for panel, target in buckets:
        assert target["exemplar"], panel["title"]
        if panel["type"] == "heatmap":
            assert panel["options"]["exemplars"]["color"], panel["title"]


def test_all_dashboards_are_tested() -> None:
    """NAMES has every file of the chart."""
    found = {path.stem for path in Path(CHART / "dashboards").glob("*.json")}
    assert found == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_panels_do_not_overlap(name: str) -> None:
    """Grafana would move overlapping panels, differently for each width."""
    taken: set[tuple[int, int]] = set()
    for panel in dashboard(name)["panels"]:
        place = panel["gridPos"]
        cells = {
            (place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])
        }
        assert place["x"] + place["w"] <= 24, panel["title"]
        assert not cells & taken, panel["title"]
        taken |= cells


#: Installations that share a Grafana, as (release, namespace, values): long names and names that
#: join to the same text are among them.
INSTALLATIONS: list[tuple[str, str, Values]] = [
    ("r", "ns", {}),
    ("r", "other", {}),
    ("s", "ns", {}),
    ("a", "b-c", {}),
    ("a-b", "c", {}),
    ("r", "ns", {"fullnameOverride": "flap"}),
    ("a-release-with-a-name-of-many-words-one", "ns", {}),
    ("a-release-with-a-name-of-many-words-two", "ns", {}),
]


def pages(
    helm: Helm, release: str = "r", namespace: str = "ns", values: Values | None = None
) -> dict[str, dict[str, Any]]:
    """The pages of an installation by their files' names."""
    chosen = merged(DEV, {"dashboards": {"enabled": True}}, values or {})
    data = helm.render(chosen, release, namespace).of("ConfigMap")["dashboards"]["data"]
    return {name: json.loads(text) for name, text in data.items()}


def test_installations_share_a_grafana(helm: Helm) -> None:
    """No file, uid or title is there twice: Grafana would refuse all pages of the folder."""
    found = [pages(helm, *each) for each in INSTALLATIONS]
    everything = len(NAMES) * len(INSTALLATIONS)
    assert len({name for each in found for name in each}) == everything
    models = [model for each in found for model in each.values()]
    for what in ("uid", "title"):
        assert len({model[what] for model in models}) == everything
    for model in models:
        assert re.fullmatch(r"[a-zA-Z0-9_-]{1,40}", model["uid"])


def test_the_links_lead_to_the_pages_of_the_same_installation(helm: Helm) -> None:
    """Grafana lists the pages that have all tags of a link."""
    everything = {each: pages(helm, *each) for each in (("r", "ns"), ("r", "other"))}
    for own in everything.values():
        for model in own.values():
            [tags] = [set(each["tags"]) for each in model["links"] if each["type"] == "dashboards"]
            listed = {
                other["uid"]
                for files in everything.values()
                for other in files.values()
                if tags <= set(other["tags"])
            }
            assert listed == {other["uid"] for other in own.values()}


def test_a_page_begins_with_its_own_release(helm: Helm) -> None:
    """Another release of the same Prometheus is a choice."""
    for model in pages(helm, "s", "other").values():
        variables = {each["name"]: each for each in model["templating"]["list"]}
        assert variables["namespace"]["current"]["value"] == ["other"]
        assert variables["release"]["current"]["value"] == ["s"]


def test_an_upgrade_keeps_the_uids(helm: Helm) -> None:
    """Stars, links and permissions refer to them."""
    assert set(pages(helm)) == set(pages(helm, values={"image": {"tag": "9.9.9"}}))
    assert "r-splitflap-8eff9660-api.json" in pages(helm)


def test_no_label_of_the_dashboards_replaces_one_of_the_chart(helm: Helm) -> None:
    """The chart's own win; the others are there."""
    instance = "app.kubernetes.io/instance"
    labels = {instance: "x", "grafana_dashboard": "2", "team": "web"}
    values = merged(DEV, {"dashboards": {"enabled": True, "labels": labels}})
    found = helm.render(values).of("ConfigMap")["dashboards"]["metadata"]["labels"]
    assert found.items() >= {instance: "r", "grafana_dashboard": "2", "team": "web"}.items()


def steps(panel: dict[str, Any]) -> list[tuple[str, float | None]]:
    """The colours of a panel by their least values."""
    found = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    return [(each["color"], each["value"]) for each in found]


def colour(panel: dict[str, Any], value: float) -> str:
    """The colour that Grafana gives a value."""
    return [colour for colour, least in steps(panel) if least is None or value >= least][-1]


def stat(model: dict[str, Any], title: str) -> dict[str, Any]:
    """A panel by its title."""
    [found] = [each for each in model["panels"] if each["title"] == title]
    return dict(found)


def test_no_panel_has_grafanas_own_thresholds(helm: Helm) -> None:
    """Those are red from 80 of anything. A number without a meaning has one colour."""
    for name in NAMES:
        for panel in panels(name):
            assert steps(panel)[0][1] is None, panel["title"]
            assert ("red", 80) not in steps(panel), panel["title"]
    overview = dashboard("overview")
    assert steps(stat(overview, "Accepted")) == [("green", None)]
    assert stat(overview, "Accepted")["fieldConfig"]["defaults"]["color"]["mode"] == "fixed"
    oldest = stat(overview, "Oldest text")
    assert [colour(oldest, age) for age in (1, 11, 31)] == ["green", "orange", "red"]
    assert colour(stat(overview, "Pods"), 0) == "red"
    values = {"alerts": {"thresholds": {"rendersLate": {"seconds": 300}}}}
    [own] = [
        each for name, each in pages(helm, values=values).items() if name.endswith("overview.json")
    ]
    assert colour(stat(own, "Oldest text"), 299) == "orange"


def test_runbooks_are_linked_where_their_address_is_known(helm: Helm) -> None:
    """The description names the page in any case."""
    prefix = "https://git.example/splitflap/"
    known = pages(helm, values={"alerts": {"runbookPrefix": prefix}})
    for model in (*known.values(), *pages(helm).values()):
        for panel in model["panels"]:
            for link in panel.get("links", []):
                assert link["url"].startswith(f"{prefix}docs/alerts.md#splitflap")
    assert all(any(panel.get("links") for panel in model["panels"]) for model in known.values())
    assert not any(panel.get("links") for each in pages(helm).values() for panel in each["panels"])


def test_a_row_of_logs_needs_matchers_for_loki(helm: Helm) -> None:
    """Without them no panel and no variable refers to Loki."""
    for model in pages(helm).values():
        assert "loki" not in json.dumps(model)
    for model in pages(helm, values={"dashboards": {"logs": 'k8s_pod_name=~"$pod"'}}).values():
        row = model["panels"][-1]
        assert row["collapsed"]
        assert row["panels"][0]["targets"][0]["expr"] == '{k8s_pod_name=~"$pod"}'
        assert "loki_datasource" in {each["name"] for each in model["templating"]["list"]}


@pytest.mark.servers
def test_every_event_can_be_queried(prometheus: Prometheus) -> None:
    """A killed worker is a restart."""
    for name in NAMES:
        for event in dashboard(name)["annotations"]["list"]:
            query = event["expr"]
            for variable, value in CHOSEN.items():
                query = query.replace(variable, value)
            now = time.time()
            found = prometheus.query_range(query, now - TIMEOUT, now)
            assert found or event["name"] != "Restarts"


def rendered_pages(helm: Helm) -> Iterator[tuple[str, dict[str, Any]]]:
    """The pages with and without logs."""
    for logs in ("", 'namespace=~"$namespace",pod=~"$pod",pod!=""'):
        yield from pages(helm, values={"dashboards": {"logs": logs}}).items()


def test_the_pages_follow_the_rules_of_grafanas_linter(helm: Helm) -> None:
    """Those that do not concern job and instance, which charts/dashboards/.lint excludes."""
    for name, model in rendered_pages(helm):
        assert not model["editable"], name
        sources = [each for each in model["templating"]["list"] if each["type"] == "datasource"]
        for source in sources:
            kind = source["query"]
            assert (source["name"], source["label"]) == (
                f"{kind}_datasource",
                f"{kind.title()} data source",
            )
        assert all(
            each["refresh"] == 2 for each in model["templating"]["list"] if each["type"] == "query"
        )
        every = [*model["panels"], *(p for row in model["panels"] for p in row.get("panels", []))]
        for panel in every:
            if panel["type"] == "row":
                continue
            assert panel["title"], name
            assert panel["description"], panel["title"]
            assert panel["targets"], panel["title"]
            assert panel["datasource"]["uid"] in {f"${{{each['name']}}}" for each in sources}
            if panel["type"] == "logs":
                continue
            assert panel["fieldConfig"]["defaults"]["unit"] in UNITS, panel["title"]
            for target in panel["targets"]:
                ranges = re.findall(r"\b(i?rate)\([^\[]*\[([^\]]*)\]", target["expr"])
                assert all(each == "$__rate_interval" for _, each in ranges), target["expr"]
                counted = re.findall(r"(\S*?)\(?\bsplitflap\w+_total\b", target["expr"])
                assert all(each.endswith(("rate", "increase")) for each in counted), target["expr"]


def test_grafanas_linter_finds_nothing(helm: Helm, tmp_path: Path) -> None:
    """Its warnings count too. Nobody publishes its binary, so most runs skip this."""
    linter = shutil.which("dashboard-linter") or shutil.which("dashboard-linter", path=str(TOOLS))
    if not linter:
        pytest.skip("dashboard-linter is not installed")
    for name, model in rendered_pages(helm):
        path = tmp_path / name
        path.write_text(json.dumps(model), encoding="utf-8")
        options = ("--strict", "--config", str(ROOT / "charts" / "dashboards" / ".lint"))
        command = [linter, "lint", *options, str(path)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
