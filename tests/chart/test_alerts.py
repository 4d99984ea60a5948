"""Each alert fires for its symptom only. promtool evaluates the rules."""

import itertools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from .helm import Helm, Values, merged
from .promtool import CHART, PLAIN, Case, Expected, Series, evaluate, evaluate_all
from .values import DEV

RELEASE = 'namespace="ns",app_kubernetes_io_name="splitflap",app_kubernetes_io_instance="r"'
BROKER = 'namespace="ns",pod="rabbitmq-0"'
POD = f'{RELEASE},pod="a"'

ALERTS_PAGE = Path(__file__).parents[2] / "docs" / "alerts.md"


def oldest(kind: str, state: str, values: str) -> dict[str, str]:
    """The age of the oldest job, as reported by two replicas."""
    labels = f'{RELEASE},kind="{kind}",state="{state}"'
    return {f'splitflap_oldest_job_seconds{{{labels},pod="{pod}"}}': values for pod in ("a", "b")}


def held(oldest_: str, published: str) -> dict[str, str]:
    """The age of the oldest held text, and published texts."""
    return {
        **oldest("render", "held", oldest_),
        f'splitflap_jobs_published_total{{{POD},kind="render"}}': published,
    }


def finished(kind: str, done: str, failed: str) -> dict[str, str]:
    """Finished jobs by outcome."""
    name = "splitflap_jobs_finished_total"
    return {
        f'{name}{{{POD},kind="{kind}",outcome="done"}}': done,
        f'{name}{{{POD},kind="{kind}",outcome="failed"}}': failed,
        f'{name}{{{POD},kind="{kind}",outcome="exhausted"}}': "0x100",
    }


def queue(consumers: str, ready: str, name: str = "scrape") -> dict[str, str]:
    """The broker's numbers for a queue."""
    return {
        f'splitflap_queue_consumers{{{POD},queue="{name}"}}': consumers,
        f'splitflap_queue_ready_messages{{{POD},queue="{name}"}}': ready,
    }


def requests(ok: str, status: str, others: str) -> dict[str, str]:
    """Requests by status."""
    name = "splitflap_http_requests_total"
    return {
        f'{name}{{{POD},endpoint="make_post",status="202"}}': ok,
        f'{name}{{{POD},endpoint="none",status="{status}"}}': others,
    }


def shed(why: str, values: str) -> dict[str, str]:
    """Refused requests."""
    return {f'splitflap_http_shed_total{{{POD},why="{why}"}}': values}


def commits(below_half_a_second: str, all_: str) -> dict[str, str]:
    """Commits of accepted posts."""
    name = "splitflap_commit_seconds_bucket"
    return {
        f'{name}{{{POD},le="0.5"}}': below_half_a_second,
        f'{name}{{{POD},le="1.0"}}': all_,
        f'{name}{{{POD},le="+Inf"}}': all_,
        f"splitflap_commit_seconds_count{{{POD}}}": all_,
    }


def posts(in_time: str, all_: str) -> dict[str, str]:
    """Posts by the seconds until they are done, beside previews that are all late."""
    name = "splitflap_task_seconds"
    late = 'what="fetched_preview"'
    return {
        f'{name}_bucket{{{POD},what="created_post",le="5.0"}}': in_time,
        f'{name}_bucket{{{POD},what="created_post",le="10.0"}}': all_,
        f'{name}_count{{{POD},what="created_post"}}': all_,
        f'{name}_bucket{{{POD},{late},le="5.0"}}': "0x400",
        f"{name}_count{{{POD},{late}}}": "0+100x400",
    }


def workers(kind: str, waiting: str, slots: str | None) -> dict[str, str]:
    """The jobs of a kind as two replicas of the API count them, and the slots of its worker."""
    counted = {
        f'splitflap_jobs_waiting{{{RELEASE},pod="{pod}",kind="{kind}",state="unfinished"}}': waiting
        for pod in ("a", "b")
    }
    own = f'{RELEASE},pod="w",kind="{kind}"'
    return counted if slots is None else {**counted, f"splitflap_worker_slots{{{own}}}": slots}


def retried(why: str, values: str) -> dict[str, str]:
    """Republished jobs."""
    return {f'splitflap_jobs_retried_total{{{POD},kind="render",why="{why}"}}': values}


def spans(exported: str, refused: str, queue_full: str = "0x200") -> dict[str, str]:
    """Spans of traces by their fate."""
    dropped = "splitflap_spans_dropped_total"
    return {
        f"splitflap_spans_exported_total{{{POD}}}": exported,
        f'{dropped}{{{POD},why="refused"}}': refused,
        f'{dropped}{{{POD},why="queue_full"}}': queue_full,
    }


def webhooks(due: str, tries: str) -> dict[str, str]:
    """Webhooks that are due, and the ends of their tries, done and failed."""
    name = "splitflap_webhook_tries_total"
    return {
        f"splitflap_webhook_due{{{POD}}}": due,
        f'{name}{{{POD},outcome="retried"}}': tries,
        f'{name}{{{POD},outcome="done"}}': "0x200",
    }


def work(published: str, workers: int) -> dict[str, str]:
    """Published texts of 50 ms each, and the slots of the renderers."""
    slots = {
        f'splitflap_worker_slots{{{RELEASE},kind="render",pod="w{number}"}}': "1x120"
        for number in range(workers)
    }
    return {
        f'splitflap_jobs_published_total{{{POD},kind="render"}}': published,
        f'splitflap_queue_ready_messages{{{POD},queue="render"}}': "0x120",
        **slots,
    }


def up(values: str, part_of: str = "splitflap") -> dict[str, str]:
    """Whether Prometheus can scrape a pod."""
    return {f'up{{{POD},app_kubernetes_io_part_of="{part_of}"}}': values}


def alarm(memory: str, disk: str) -> dict[str, str]:
    """RabbitMQ's alarms."""
    return {
        f"rabbitmq_alarms_memory_used_watermark{{{BROKER}}}": memory,
        f"rabbitmq_alarms_free_disk_space_watermark{{{BROKER}}}": disk,
    }


ALIVE = {f"splitflap_http_requests_in_flight{{{POD}}}": "0x100"}

#: Two events, so far apart that an alert on a share alone would fire.
QUIET = "0x10 1x10 2x80"

#: The chart's values without changes.
DEFAULTS: Values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))

#: Half as many minutes again as the alert's last firing case needs.
LATE = None

#: Alert, series, minutes, and whether it fires.
CASES: list[tuple[str, Series, float | None, bool]] = [
    ("SplitflapRendersLate", oldest("render", "unfinished", "31x100"), 3, True),
    ("SplitflapRendersLate", oldest("render", "unfinished", "31x100"), 1, False),
    ("SplitflapRendersLate", oldest("render", "unfinished", "29x100"), LATE, False),
    ("SplitflapRendersLate", oldest("scrape", "unfinished", "31x100"), LATE, False),
    ("SplitflapPreviewsLate", oldest("scrape", "unfinished", "121x100"), 6, True),
    ("SplitflapPreviewsLate", oldest("scrape", "unfinished", "119x100"), LATE, False),
    ("SplitflapJobsUnpublished", oldest("render", "unpublished", "0+15x100"), 7, True),
    ("SplitflapJobsUnpublished", oldest("render", "unpublished", "0+15x7 0x90"), LATE, False),
    ("SplitflapJobsUnpublished", oldest("render", "held", "0+15x100"), LATE, False),
    ("SplitflapHeldJobsStuck", held("0+15x100", "7x100"), 7, True),
    ("SplitflapHeldJobsStuck", held("0+15x100", "0+1x100"), LATE, False),
    ("SplitflapHeldJobsStuck", held("0x100", "7x100"), LATE, False),
    ("SplitflapAccountsHeld", held("61x100", "0+15x100"), 11, True),
    ("SplitflapAccountsHeld", held("59x100", "0+15x100"), LATE, False),
    ("SplitflapAccountsHeld", oldest("render", "held_low", "0+15x100"), LATE, False),
    ("SplitflapRendersFailing", finished("render", "0+300x100", "0+30x100"), 11, True),
    ("SplitflapRendersFailing", finished("render", "0+300x100", "0+3x100"), LATE, False),
    ("SplitflapRendersFailing", finished("render", "0x100", "0x10 5x90"), LATE, False),
    ("SplitflapScrapesFailing", finished("scrape", "0+30x100", "0+300x100"), 18, True),
    ("SplitflapScrapesFailing", finished("scrape", "0+300x100", "0+300x100"), LATE, False),
    ("SplitflapScrapesFailing", finished("scrape", "0x100", "0x10 15x90"), LATE, False),
    ("SplitflapTasksLeft", {f"splitflap_tasks_without_responder{{{POD}}}": "1x100"}, 16, True),
    ("SplitflapTasksLeft", {f"splitflap_tasks_without_responder{{{POD}}}": "1x10 0x90"}, 16, False),
    (
        "SplitflapDeadLetters",
        {f'splitflap_dead_letters_total{{{POD},queue="render"}}': "0x10 1x100"},
        5,
        True,
    ),
    (
        "SplitflapDeadLetters",
        {f'splitflap_jobs_finished_total{{{POD},kind="scrape",outcome="exhausted"}}': "0x9 1x99"},
        5,
        True,
    ),
    (
        "SplitflapDeadLetters",
        {
            f'splitflap_dead_letters_total{{{POD},queue="render"}}': "7x100",
            **finished("render", "0+30x100", "0+30x100"),
        },
        5,
        False,
    ),
    ("SplitflapNoConsumer", queue("0x100", "0x10 3x90"), 7, True),
    ("SplitflapNoConsumer", queue("0x100", "0x10 3x90", "render.express"), 7, True),
    ("SplitflapNoConsumer", queue("0x100", "0x100"), LATE, False),
    ("SplitflapNoConsumer", queue("1x100", "5000x100"), LATE, False),
    ("SplitflapNoConsumer", queue("0x14 1x90", "0x10 3x90"), LATE, False),
    (
        "SplitflapShedding",
        {**requests("0+900x100", "503", "0+100x100"), **shed("unpublished", "0+100x100")},
        8,
        True,
    ),
    (
        "SplitflapShedding",
        {**requests("0+900x100", "503", "0+5x100"), **shed("in_flight", "0+5x100")},
        LATE,
        False,
    ),
    (
        "SplitflapShedding",
        {**requests("0+900x100", "429", "0+900x100"), **shed("account_backlog", "0+900x100")},
        LATE,
        False,
    ),
    (
        "SplitflapShedding",
        {**requests("0+900x100", "429", "0+900x100"), **shed("rate", "0+900x100")},
        LATE,
        False,
    ),
    # Two refusals of thirty requests at night.
    (
        "SplitflapShedding",
        {**requests("0+1x100", "503", QUIET), **shed("in_flight", QUIET)},
        8.5,
        False,
    ),
    ("SplitflapServerErrors", requests("0+900x100", "500", "0+30x100"), 8, True),
    ("SplitflapServerErrors", requests("0+1x100", "500", QUIET), 8.5, False),
    ("SplitflapServerErrors", requests("0+900x100", "503", "0+30x100"), LATE, False),
    ("SplitflapServerErrors", requests("0+900x100", "500", "0+1x100"), LATE, False),
    ("SplitflapSlowCommits", commits("0+80x100", "0+100x100"), 8, True),
    ("SplitflapSlowCommits", commits("0+99x100", "0+100x100"), LATE, False),
    ("SplitflapSlowCommits", commits("99x100", "100x100"), LATE, False),
    ("SplitflapSlowCommits", commits("0x100", QUIET), 8.5, False),
    ("SplitflapOutcomesLost", retried("unfinished", "0+1x100"), 17, True),
    ("SplitflapOutcomesLost", retried("unfinished", "0x10 50x90"), 17, True),
    ("SplitflapOutcomesLost", retried("unfinished", "50x100"), LATE, False),
    ("SplitflapOutcomesLost", retried("waited", "0+9x100"), LATE, False),
    ("SplitflapSpansDropped", spans("0+1000x200", "0+10x200", "0+10x200"), 20, True),
    ("SplitflapSpansDropped", spans("0x200", "0+10x200"), 20, True),
    ("SplitflapSpansDropped", spans("0+1000x200", "0+10x200", "0+10x200"), 14, False),
    ("SplitflapSpansDropped", spans("0+1000x200", "0+8x200"), LATE, False),
    ("SplitflapSpansDropped", spans("0+1x200", "0x10 90x190"), LATE, False),
    # The receiver was away for some minutes, once.
    ("SplitflapSpansDropped", spans("0+1000x200", "0x10 9000x190"), LATE, False),
    ("SplitflapWebhooksStuck", webhooks("0x10 3x200", "0x200"), 14, True),
    ("SplitflapWebhooksStuck", webhooks("0x10 3x200", "0x200"), 11, False),
    # All receivers fail. Their owners know.
    ("SplitflapWebhooksStuck", webhooks("900x200", "0+1x200"), LATE, False),
    ("SplitflapWebhooksStuck", webhooks("0x200", "0x200"), LATE, False),
    ("SplitflapTooFewWorkers", work("0+900x120", 2), 18, True),
    ("SplitflapTooFewWorkers", work("0+900x120", 2), 14, False),
    ("SplitflapTooFewWorkers", work("0+900x120", 4), LATE, False),
    ("SplitflapNoWorkers", workers("render", "0x100", None), 6, True),
    ("SplitflapNoWorkers", workers("scrape", "7x100", None), 6, True),
    ("SplitflapNoWorkers", workers("render", "7x100", "1x20 stale _x80"), 11, True),
    ("SplitflapNoWorkers", workers("render", "7x100", "1x20 stale _x80"), 9, False),
    ("SplitflapNoWorkers", workers("render", "7x100", "1x100"), LATE, False),
    ("SplitflapNoWorkers", workers("scrape", "0x100", "200x100"), LATE, False),
    ("SplitflapTargetDown", up("1x4 0x90"), 8, True),
    ("SplitflapTargetDown", up("1x4 0x10 1x80"), LATE, False),
    ("SplitflapTargetDown", up("0x100", "another"), LATE, False),
    ("SplitflapApiAbsent", up("1x100"), 6, True),
    ("SplitflapApiAbsent", ALIVE, LATE, False),
    ("SplitflapBrokerAlarm", alarm("0x10 1x90", "0x100"), 5, True),
    ("SplitflapBrokerAlarm", alarm("0x100", "0x10 1x90"), 5, True),
    ("SplitflapBrokerAlarm", alarm("0x100", "0x100"), LATE, False),
    # 20 of 100 are late: a burn rate of 20. 8 of 100 are enough for the windows of six hours.
    ("SplitflapPostsBurnFast", posts("0+8x400", "0+10x400"), 8, True),
    ("SplitflapPostsBurnFast", posts("0+92x400", "0+100x400"), 8, True),
    ("SplitflapPostsBurnFast", posts("0+95x400", "0+100x400"), LATE, False),
    # It was bad for four minutes, and is over: the short windows show it.
    ("SplitflapPostsBurnFast", posts("0+5x16 80+10x300", "0+10x400"), 41, False),
    # All posts are late, but there are only six in an hour.
    ("SplitflapPostsBurnFast", posts("0x400", "0x10 1x10 2x10 3x10 4x10 5x10 6x200"), LATE, False),
    ("SplitflapPostsBurnSlow", posts("0+95x400", "0+100x400"), 8, True),
    ("SplitflapPostsBurnSlow", posts("0+98x400", "0+100x400"), 8, True),
    ("SplitflapPostsBurnSlow", posts("0+995x400", "0+1000x400"), LATE, False),
    ("SplitflapPostsBurnSlow", posts("0x400", "0x10 1x10 2x10 3x10 4x10 5x10 6x200"), LATE, False),
    ("SplitflapRequestsBurnFast", requests("0+980x400", "500", "0+20x400"), 8, True),
    ("SplitflapRequestsBurnFast", requests("0+980x400", "503", "0+20x400"), 8, True),
    ("SplitflapRequestsBurnFast", requests("0+995x400", "500", "0+5x400"), LATE, False),
    ("SplitflapRequestsBurnFast", requests("0+900x400", "429", "0+100x400"), LATE, False),
    ("SplitflapRequestsBurnFast", requests("0+1x400", "500", "0x30 5x300"), 9, False),
    ("SplitflapRequestsBurnFast", requests("0+900x400", "500", "0+900x16 14400x300"), 41, False),
    ("SplitflapRequestsBurnSlow", requests("0+995x400", "500", "0+5x400"), 8, True),
    ("SplitflapRequestsBurnSlow", requests("0+9995x400", "500", "0+5x400"), LATE, False),
    ("SplitflapRequestsBurnSlow", requests("0+1x400", "500", "0x30 5x300"), 9, False),
]


def alerts() -> dict[str, dict[str, Any]]:
    """All alerts by name."""
    document = yaml.safe_load((CHART / "rules" / "alerts.yaml").read_text(encoding="utf-8"))
    return {rule["alert"]: rule for group in document["groups"] for rule in group["rules"]}


#: Minutes after which a quiet alert is late.
LATE_AFTER = {name: 1.5 * (minutes or 0) for name, _, minutes, fires in CASES if fires}

#: The cases by their names in a report.
NAMED = {
    f"{case[0]}-{'fires' if case[3] else 'is-quiet'}-{number}": case
    for number, case in enumerate(CASES)
}


@pytest.fixture(scope="module")
def errors(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """What is wrong with each case, by one run of promtool for all of them."""
    cases = {
        name: Case(
            series,
            minutes or LATE_AFTER[alert],
            Expected(
                f'count(ALERTS{{alertname="{alert}",alertstate="firing"}})',
                {"{}": 1} if fires else {},
            ),
        )
        for name, (alert, series, minutes, fires) in NAMED.items()
    }
    return evaluate_all(PLAIN, cases, tmp_path_factory.mktemp("alerts"))


@pytest.mark.parametrize("name", NAMED)
def test_an_alert_fires_for_its_symptom_only(name: str, errors: Mapping[str, str]) -> None:
    """Similar series leave it quiet."""
    assert name not in errors, errors[name]


def test_each_alert_has_a_case_that_fires_and_one_that_does_not() -> None:
    """The cases cover all alerts of the file."""
    for fires in (True, False):
        assert {name for name, _, _, does in CASES if does == fires} == set(alerts())


def test_an_alert_names_its_release(tmp_path: Path) -> None:
    """Two releases give two alerts with different labels."""
    late = oldest("render", "unfinished", "60x100")
    other = oldest("render", "unfinished", "1x100")
    series = {**late, **{name.replace('="r"', '="s"'): values for name, values in other.items()}}
    labels = 'alertname="SplitflapRendersLate",alertstate="firing",severity="critical"'
    expression = 'ALERTS{alertname="SplitflapRendersLate"}'
    expected = Expected(expression, {f"ALERTS{{{labels},{RELEASE}}}": 1})
    assert not evaluate(PLAIN, series, 5, expected, tmp_path)


def test_each_alert_has_a_section_in_the_runbook() -> None:
    """Each also has a severity, a summary and a description."""
    headings = re.findall(r"^#+ (.+)$", ALERTS_PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    anchors = {heading.lower().replace(" ", "-") for heading in headings}
    for name, alert in alerts().items():
        assert alert["labels"]["severity"] in {"critical", "warning"}, name
        assert set(alert["annotations"]) == {"summary", "description", "runbook_url"}, name
        page, _, anchor = alert["annotations"]["runbook_url"].partition("#")
        assert page == "docs/alerts.md", name
        assert anchor == name.lower(), name
        assert anchor in anchors, f"{name} has no section"


def marks() -> set[tuple[str, str]]:
    """The thresholds that the rule files name in comments."""
    text = "".join(path.read_text(encoding="utf-8") for path in PLAIN)
    return set(re.findall(r"\S # (\w+)[.](\w+)$", text, re.MULTILINE))


def thresholds() -> dict[str, dict[str, Any]]:
    """The chart's thresholds by alert."""
    found: dict[str, dict[str, Any]] = DEFAULTS["alerts"]["thresholds"]
    return found


def test_every_threshold_is_in_a_rule() -> None:
    """Rules name no others, except those that follow from the autoscaler."""
    named = {(group, name) for group, values in thresholds().items() for name in values}
    assert marks() - named == {("noWorkers", "render"), ("noWorkers", "scrape")}
    assert named <= marks()


def chart_rules(helm: Helm, values: Values) -> str:
    """The rules as the chart makes them."""
    chosen = merged(DEV, {"metrics": {"rules": {"kind": "configMap"}}}, values)
    [text] = helm.render(chosen).of("ConfigMap")["rules"]["data"].values()
    return str(text)


def test_the_thresholds_of_the_plain_rules_are_the_charts(helm: Helm) -> None:
    """Nothing differs but the matchers of the release and its alerts' labels."""
    plain = [
        (rule["alert"], "".join(re.sub(r"#.*|namespace=~[^,}]*", "", rule["expr"]).split()))
        for rule in alerts().values()
    ]
    made = yaml.safe_load(chart_rules(helm, {}))
    rendered = [
        (rule["alert"], "".join(re.sub(RELEASE, "", rule["expr"]).split()))
        for group in made["groups"]
        for rule in group["rules"]
        if "alert" in rule
    ]
    assert rendered == plain


def test_each_threshold_can_be_set(helm: Helm) -> None:
    """All rules get their own number."""
    number = itertools.count(7001)
    chosen = {
        group: {name: odd(group, name, next(number)) for name in values}
        for group, values in thresholds().items()
    }
    text = chart_rules(helm, {"alerts": {"thresholds": chosen}})
    for group, values in chosen.items():
        for name, value in values.items():
            assert f"{value}" in text, (group, name)
    assert not re.search(r"# \w+[.]\w+$", text, re.MULTILINE)


def odd(group: str, name: str, number: int) -> Any:
    """A value that no other threshold has."""
    if name == "for":
        return f"{number}s"
    if (group, name) == ("posts", "seconds"):
        return 2.5
    return number / 10_000 if name in {"ratio", "objective"} else number


@pytest.mark.parametrize(
    ("values", "fires"),
    [
        ({}, True),
        ({"renderer": {"replicas": 0}}, False),
        ({"autoscaling": {"mode": "keda", "renderer": {"minReplicas": 1}}}, True),
        ({"autoscaling": {"mode": "keda", "renderer": {"minReplicas": 0}}}, False),
    ],
    ids=["replicas", "none by choice", "a least replica", "scale to zero"],
)
@pytest.mark.parametrize("waiting", [0, 1])
def test_a_worker_at_zero_is_missed_when_it_should_run(
    helm: Helm, values: Values, fires: bool, waiting: int, tmp_path: Path
) -> None:
    """A worker that may scale to zero is missed once a job waits."""
    server = {"autoscaling": {"keda": {"serverAddress": "http://prometheus:9090"}}}
    path = tmp_path / "rules.yaml"
    path.write_text(chart_rules(helm, merged(server, values)), encoding="utf-8")
    firing = 'count(ALERTS{alertname="SplitflapNoWorkers",alertstate="firing"})'
    expected = Expected(firing, {"{}": 1} if fires or waiting else {})
    assert not evaluate([path], workers("render", f"{waiting}x40", None), 6, expected, tmp_path)
