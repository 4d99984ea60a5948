"""The demand in replicas, evaluated by promtool. All autoscaling depends on it."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from .promtool import PLAIN, Expected, Series, evaluate

RELEASE = 'namespace="ns",app_kubernetes_io_instance="r"'

#: Constants of the rule files: default seconds of a text, default slots, drain target, utilization.
S, SLOTS, DRAIN, UTILIZATION = 0.05, 1, 30, 0.8


def api(pod: str, published: str, ready: str, release: str = RELEASE) -> dict[str, str]:
    """The metrics of one replica of the API for texts."""
    labels = f'{release},pod="{pod}"'
    return {
        f'splitflap_jobs_published_total{{{labels},kind="render"}}': published,
        f'splitflap_queue_ready_messages{{{labels},queue="render"}}': ready,
    }


def held(pod: str, normal: str, low: str = "0x60") -> dict[str, str]:
    """The texts that wait for their account's turn, as one replica of the API counts them."""
    labels = f'{RELEASE},pod="{pod}",kind="render"'
    return {
        f'splitflap_jobs_waiting{{{labels},state="held"}}': normal,
        f'splitflap_jobs_waiting{{{labels},state="held_low"}}': low,
        f'splitflap_jobs_waiting{{{labels},state="unfinished"}}': "9999x60",
    }


def express(pod: str, ready: str) -> dict[str, str]:
    """The texts in the express queue, as one replica of the API reports them."""
    return {
        f'splitflap_queue_ready_messages{{{RELEASE},pod="{pod}",queue="render.express"}}': ready
    }


def renderer(
    pod: str, seconds: str, count: str, slots: str, in_flight: str = "0x60"
) -> dict[str, str]:
    """The metrics of one renderer."""
    labels = f'{RELEASE},pod="{pod}",kind="render"'
    return {
        f"splitflap_job_service_seconds_sum{{{labels}}}": seconds,
        f"splitflap_job_service_seconds_count{{{labels}}}": count,
        f"splitflap_worker_slots{{{labels}}}": slots,
        f"splitflap_jobs_in_flight{{{labels}}}": in_flight,
    }


def expects(
    series: Series, minutes: float, samples: Mapping[str, float], folder: Path
) -> str | None:
    """Promtool's error, unless each release has this demand for renderers."""
    demand = 'round(splitflap:demand:replicas{kind="render"}, 0.01)'
    labelled = {f'{{{release},kind="render"}}': value for release, value in samples.items()}
    return evaluate(PLAIN, series, minutes, Expected(demand, labelled), folder)


#: Stands for NaN, which promtool cannot express. Both fail the test `>= 0`.
UNKNOWN = "-1x50"

#: Sixteen texts per second, in steps of 15 s.
SIXTEEN = "0+240x60"

CASES: dict[str, tuple[Series, float, float]] = {
    # (16 x S) / (1 x 0.8)
    "rate, without samples": (api("a", SIXTEEN, "0x60"), 5, 1.0),
    # (1200 x S / 30) / 0.8
    "burst that is over": (api("a", "0x10 1200x50", "0x10 1200x50"), 5, 2.5),
    # During the burst its rate counts too: 1200 in the last minute.
    "burst that has just come": (api("a", "0x10 1200x50", "0x10 1200x50"), 3, 3.75),
    # S is 1 s / 2: (2 x 0.5 + 60 x 0.5 / 30) / (4 x 0.8)
    "measured service time and slots": (
        {**api("a", "0+30x60", "60x60"), **renderer("w", "0+15x60", "0+30x60", "4x60")},
        12,
        0.63,
    ),
    # Jobs in workers are backlog too: 40 ready + 2 x 10 unacked.
    "unacked": (
        {
            **api("a", "0x60", "40x60"),
            **renderer("v", "0+15x60", "0+30x60", "1x60", "10x60"),
            **renderer("w", "0+15x60", "0+30x60", "1x60", "10x60"),
        },
        12,
        1.25,
    ),
    "no work": (api("a", "5x60", "0x60"), 5, 0.0),
    # The reset of a counter changes nothing.
    "restart of an API": (api("a", "10000+240x10 0+240x50", "0x60"), 4, 1.0),
    # Each replica publishes its own jobs; all report the same queue.
    "several APIs": (
        {**api("a", "0+120x60", "600x60"), **api("b", "0+120x60", "600x60")},
        5,
        2.25,
    ),
    # A disconnected replica does not hide the other's value.
    "API without a broker beside one with": (
        {**api("a", "0+120x60", "600x60"), **api("b", "0+120x60", UNKNOWN)},
        5,
        2.25,
    ),
    # (600 x S / 30) / 0.8. The queue is short, because the publisher keeps it so.
    "held": ({**api("a", "0x60", "0x60"), **held("a", "600x60")}, 5, 1.25),
    # Low jobs are work too.
    "held and low": ({**api("a", "0x60", "0x60"), **held("a", "200x60", "400x60")}, 5, 1.25),
    # All replicas count the same held jobs.
    "held, several APIs": (
        {
            **api("a", "0x60", "0x60"),
            **api("b", "0x60", "0x60"),
            **held("a", "600x60"),
            **held("b", "590x60"),
        },
        5,
        1.25,
    ),
    # 16 are published in a second, 30 are ready, 600 are held.
    "a flood of one account": (
        {**api("a", SIXTEEN, "30x60"), **held("a", "600x60")},
        5,
        2.31,
    ),
    # The messages of both queues wait for the same pool.
    "express": ({**api("a", "0x60", "400x60"), **express("a", "200x60")}, 5, 1.25),
    "express, of a replica without a broker": (
        {**api("a", "0x60", "600x60"), **express("a", UNKNOWN)},
        5,
        1.25,
    ),
    # All workers have gone: their times hold for ten minutes, their slots do not.
    "scaled to zero": (
        {
            **api("a", SIXTEEN, "0x60"),
            **renderer("w", "0+15x20 _x40", "0+30x20 _x40", "4x20 stale _x39", "0x20 stale _x39"),
        },
        7,
        10.0,
    ),
    # After ten minutes without samples, the default applies again.
    "long at zero": (
        {
            **api("a", SIXTEEN, "0x60"),
            **renderer("w", "0+15x10 _x50", "0+30x10 _x50", "4x10 stale _x49", "0x10 stale _x49"),
        },
        14,
        1.0,
    ),
    # Idle workers lack samples too.
    "idle workers": (
        {**api("a", SIXTEEN, "0x60"), **renderer("w", "7x60", "70x60", "2x60")},
        12,
        0.5,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_demand_is_published_and_waiting_work_over_the_slots(case: str, tmp_path: Path) -> None:
    """Both are multiplied by S, and divided by the slots of a replica."""
    series, minutes, demand = CASES[case]
    assert not expects(series, minutes, {RELEASE: demand}, tmp_path)


def test_each_release_has_its_own_demand(tmp_path: Path) -> None:
    """This holds in one namespace, and for one name in two namespaces."""
    others = [
        'namespace="ns",app_kubernetes_io_instance="s"',
        'namespace="other",app_kubernetes_io_instance="r"',
    ]
    series = {
        **api("a", SIXTEEN, "0x60"),
        **api("a", "0x60", "0x60", others[0]),
        **api("a", SIXTEEN, "1200x60", others[1]),
    }
    assert not expects(series, 5, {RELEASE: 1.0, others[0]: 0.0, others[1]: 3.5}, tmp_path)


@pytest.mark.parametrize(
    ("published", "ready"),
    [
        ("0+240x10 stale _x49", "1200x10 stale _x49"),
        (SIXTEEN, f"1200x10 {UNKNOWN}"),
        (SIXTEEN, "1200x10 stale _x49"),
    ],
    ids=["API gone", "broker not asked", "queues unknown"],
)
def test_an_unknown_demand_has_no_value(published: str, ready: str, tmp_path: Path) -> None:
    """An autoscaler treats a missing value as an error. 0 would end all workers."""
    series = {
        **api("a", published, ready),
        **renderer("w", "0+15x60", "0+30x60", "1x60", "10x60"),
    }
    assert not expects(series, 2, {RELEASE: 35.21}, tmp_path)
    assert not expects(series, 5, {}, tmp_path)


def test_the_demand_is_independent_of_the_workers(tmp_path: Path) -> None:
    """More workers finish more jobs, and change nothing."""
    few = {**api("a", SIXTEEN, "0x60"), **renderer("v", "0+12x60", "0+240x60", "1x60")}
    many = {**few, **renderer("w", "0+12x60", "0+240x60", "1x60")}
    for series in (few, many):
        assert not expects(series, 12, {RELEASE: 1.0}, tmp_path)
