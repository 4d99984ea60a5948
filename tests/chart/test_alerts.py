"""Each alert fires for its symptom only. promtool evaluates the rules."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from .promtool import CHART, PLAIN, Expected, Series, evaluate

RELEASE = 'namespace="ns",app_kubernetes_io_instance="r"'
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
    }


def retried(why: str, values: str) -> dict[str, str]:
    """Republished jobs."""
    return {f'splitflap_jobs_retried_total{{{POD},kind="render",why="{why}"}}': values}


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

#: Minutes after which every alert with its symptom fires.
LATE = 20

#: Alert, series, minutes, and whether it fires.
CASES: list[tuple[str, Series, float, bool]] = [
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
    ("SplitflapServerErrors", requests("0+900x100", "500", "0+30x100"), 8, True),
    ("SplitflapServerErrors", requests("0+900x100", "503", "0+30x100"), LATE, False),
    ("SplitflapServerErrors", requests("0+900x100", "500", "0+1x100"), LATE, False),
    ("SplitflapSlowCommits", commits("0+80x100", "0+100x100"), 8, True),
    ("SplitflapSlowCommits", commits("0+99x100", "0+100x100"), LATE, False),
    ("SplitflapSlowCommits", commits("99x100", "100x100"), LATE, False),
    ("SplitflapOutcomesLost", retried("unfinished", "0+1x100"), 17, True),
    ("SplitflapOutcomesLost", retried("unfinished", "0x10 50x90"), 17, True),
    ("SplitflapOutcomesLost", retried("unfinished", "50x100"), LATE, False),
    ("SplitflapOutcomesLost", retried("waited", "0+9x100"), LATE, False),
    ("SplitflapTooFewWorkers", work("0+900x120", 2), 18, True),
    ("SplitflapTooFewWorkers", work("0+900x120", 2), 14, False),
    ("SplitflapTooFewWorkers", work("0+900x120", 4), LATE, False),
    ("SplitflapTargetDown", up("1x4 0x90"), 8, True),
    ("SplitflapTargetDown", up("1x4 0x10 1x80"), LATE, False),
    ("SplitflapTargetDown", up("0x100", "another"), LATE, False),
    ("SplitflapApiAbsent", up("1x100"), 6, True),
    ("SplitflapApiAbsent", ALIVE, LATE, False),
    ("SplitflapBrokerAlarm", alarm("0x10 1x90", "0x100"), 5, True),
    ("SplitflapBrokerAlarm", alarm("0x100", "0x10 1x90"), 5, True),
    ("SplitflapBrokerAlarm", alarm("0x100", "0x100"), LATE, False),
]


def alerts() -> dict[str, dict[str, Any]]:
    """All alerts by name."""
    document = yaml.safe_load((CHART / "rules" / "alerts.yaml").read_text(encoding="utf-8"))
    return {rule["alert"]: rule for group in document["groups"] for rule in group["rules"]}


@pytest.mark.parametrize(
    ("alert", "series", "minutes", "fires"),
    CASES,
    ids=[
        f"{name}-{'fires' if fires else 'is-quiet'}-{n}"
        for n, (name, _, _, fires) in enumerate(CASES)
    ],
)
def test_an_alert_fires_for_its_symptom_only(
    alert: str, series: Series, minutes: float, fires: bool, tmp_path: Path
) -> None:
    """Similar series leave it quiet."""
    firing = f'count(ALERTS{{alertname="{alert}",alertstate="firing"}})'
    expected = Expected(firing, {"{}": 1} if fires else {})
    assert not evaluate(PLAIN, series, minutes, expected, tmp_path)


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
