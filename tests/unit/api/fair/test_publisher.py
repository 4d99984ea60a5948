"""The publisher's owners that wait to join the jobs of others."""

import logging
from collections.abc import Mapping
from typing import Any

import pytest
from splitflap_api.domain.fair.routes import Router
from splitflap_api.domain.fair.shares import JobOwner
from splitflap_api.loops import publisher as module
from splitflap_api.loops.publisher import Publisher

OWNER = JobOwner("quiet")


class Fair:
    """Notes the joined jobs. A transaction may fail."""

    def __init__(self) -> None:
        self.joined: list[str] = []
        self.fails = False

    def join(self, owners: Mapping[str, JobOwner]) -> list[Any]:
        if self.fails:
            raise ConnectionError
        self.joined += owners
        return []

    def refresh(self, *, even_without_jobs: bool) -> bool:
        return even_without_jobs


class Broker:
    """Takes all jobs."""

    def publish(self, rows: list[Any]) -> None:
        assert rows == []


def publisher(fair: Any) -> Publisher:
    """A publisher in a process without the role `outcomes`."""
    broker: Any = Broker()
    return Publisher(fair, Router(), broker, lambda _queue: None, releases=False)


def test_owners_beyond_a_bound_do_not_join(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The log tells how many. Later owners join again."""
    monkeypatch.setattr(module, "MOST_JOINING", 2)
    fair = Fair()
    one = publisher(fair)
    for number in range(5):
        one.join({f"job {number}": OWNER})
    with caplog.at_level(logging.WARNING):
        one.run_once()
    assert fair.joined == ["job 0", "job 1"]
    assert "3 owners join no jobs of others" in caplog.text
    one.join({"later": OWNER})
    one.run_once()
    assert fair.joined[-1] == "later"


def test_owners_join_after_a_failed_transaction() -> None:
    """The next iteration tries again."""
    fair = Fair()
    one = publisher(fair)
    one.join({"job": OWNER})
    fair.fails = True
    one.run_once()
    assert fair.joined == []
    fair.fails = False
    one.run_once()
    assert fair.joined == ["job"]
