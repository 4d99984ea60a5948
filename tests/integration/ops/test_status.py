"""`splitflap status`: its requests and its output."""

import json
from typing import Any

import pytest

from tests.support import free_ports

from .conftest import Run
from .stub_api import StubAnswer, StubApi, stub_api

STATUS = {
    "jobs": [{"kind": "scrape", "state": "unfinished", "count": 12, "oldest_seconds": 64.0}],
    "dead": 2,
    "running_tasks": 5,
}


def test_status_shows_services_and_waiting_jobs(
    run: Run, api: StubApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`status` shows services and waiting jobs."""
    ports = free_ports(3)
    monkeypatch.setenv("SPLITFLAP_HEALTH_PORT", str(ports[0]))
    api.on("GET /v1/status", StubAnswer(200, STATUS))
    with stub_api(ports[0]) as health:
        health.on("GET /readyz", StubAnswer(200, raw=b"ok"))
        result = run("status")
    lines = [line.split() for line in result.stdout.splitlines()]
    assert ["api", "ready"] in lines
    assert f"health port {ports[1]} does not answer" in result.stdout
    assert ["scrape", "unfinished", "12", "1.1", "min"] in lines
    assert ["running", "tasks", "5"] in lines
    assert ["dead", "letters", "2"] in lines


#: What a newer API adds to STATUS.
LIVE: dict[str, Any] = {
    "kinds": [
        {
            "kind": "render",
            "consumers": 2,
            "slots": 4,
            "queue_ready": 7,
            "in_flight": 3,
            "mean_seconds": 0.0084,
            "wanted": 1,
        },
        {
            "kind": "scrape",
            "consumers": None,
            "slots": None,
            "queue_ready": None,
            "in_flight": 0,
            "mean_seconds": None,
            "wanted": None,
        },
    ],
    "rates": {
        "accepted": 12.5,
        "finished": 12.0,
        "failed": 0.2,
        "refused": 0.0,
        "render": 12.5,
        "scrape": 30.117,
    },
    "shedding": [],
    "broker": {"up": True, "detail": None},
    "streams": 5,
    "replica": "1bf3785347c6",
    "api_replicas": 2,
}


@pytest.fixture
def _no_services(api: StubApi, monkeypatch: pytest.MonkeyPatch) -> None:
    """All health ports are those of the stub."""
    monkeypatch.setenv("SPLITFLAP_HEALTH_PORT", str(api.server.server_port))
    api.on("GET /readyz", StubAnswer(200, raw=b"ok"))


@pytest.mark.usefixtures("_no_services")
def test_status_shows_workers_rates_and_the_broker(run: Run, api: StubApi) -> None:
    """What the API does not know is a dash."""
    api.on("GET /v1/status", StubAnswer(200, STATUS | LIVE))
    shown = run("status").stdout
    rows = [line.split() for line in shown.splitlines()]
    assert ["render", "2", "1", "4", "7", "3", "8", "ms"] in rows
    assert ["scrape", "-", "-", "-", "-", "0", "-"] in rows
    assert (
        "last minute, per second: 12.5 accepted, 12 finished (0.2 failed), 0 refused; "
        "12.5 renders, 30.117 scrapes" in shown
    )
    assert "API replicas   2, with 5 event streams (asked: 1bf3785347c6)" in shown
    assert "broker         connected" in shown
    assert "shed           nothing" in shown


@pytest.mark.usefixtures("_no_services")
def test_status_shows_the_pods_that_kubernetes_tells(run: Run, api: StubApi) -> None:
    """The line is missing if it tells none."""
    render, scrape = LIVE["kinds"]
    told = {
        "kinds": [render | {"pods": {"wanted": 3, "ready": 2}}, scrape | {"pods": None}],
        "api_pods": {"wanted": 2, "ready": 2},
    }
    api.on("GET /v1/status", StubAnswer(200, STATUS | LIVE | told))
    shown = run("status").stdout
    assert "Kubernetes     api wanted 2, there 2; render wanted 3, there 2\n" in shown
    api.on("GET /v1/status", StubAnswer(200, STATUS | LIVE | {"api_pods": None}))
    assert "Kubernetes" not in run("status").stdout


@pytest.mark.usefixtures("_no_services")
def test_status_shows_what_is_shed_and_why(run: Run, api: StubApi) -> None:
    """And what is wrong with the broker. Texts of the API cannot control the terminal."""
    trouble = {
        "broker": {"up": False, "detail": "no connection"},
        "shedding": [
            {"reason": "unpublished", "detail": "work is unpublished"},
            {"reason": "rate", "detail": "3 requests\x1b[2J"},
        ],
    }
    api.on("GET /v1/status", StubAnswer(200, STATUS | LIVE | trouble))
    shown = run("status").stdout
    assert "broker         no connection" in shown
    assert "shed           unpublished: work is unpublished; rate: 3 requests" in shown
    assert "\x1b" not in shown


def test_status_shows_the_reason_of_an_unready_service(
    run: Run, api: StubApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`status` shows the reason of an unready service."""
    monkeypatch.setenv("SPLITFLAP_HEALTH_PORT", str(api.server.server_port))
    api.on("GET /v1/status", StubAnswer(200, STATUS))
    api.on("GET /readyz", StubAnswer(503, raw=b"broker: gone\n"))
    answer = json.loads(run("status", "--json").stdout)
    assert answer["services"]["api"] == "broker: gone"
    assert answer["running_tasks"] == 5


WAITING = {
    "account": "importer",
    "kind": "render",
    "held": 1000,
    "oldest_seconds": 64.0,
    "used_seconds": 8.25,
    "mean_seconds": 0.1,
    "why": "share",
}


def test_status_shows_the_accounts_that_wait(
    run: Run, api: StubApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has its oldest wait, its use of the workers, and the reason."""
    monkeypatch.setenv("SPLITFLAP_HEALTH_PORT", str(api.server.server_port))
    counts = {"waiting_accounts": [{"kind": "render", "count": 12}]}
    api.on("GET /v1/status", StubAnswer(200, STATUS | counts))
    api.on("GET /v1/status/accounts", StubAnswer(200, {"items": [WAITING]}))
    api.on("GET /readyz", StubAnswer(200, raw=b"ok"))
    shown = run("status").stdout
    assert "accounts that wait: 12 (render)" in shown
    row = ["importer", "render", "1000", "1.1", "min", "8.2", "s", "100", "ms", "share"]
    assert row in [line.split() for line in shown.splitlines()]
    assert json.loads(run("status", "--json").stdout)["accounts"] == [WAITING]
