"""A short run: each nemesis once, in about two minutes, with a fixed seed.

`make faults` has the full run.
"""

import os
from pathlib import Path

import pytest

from tests.servers.postgres import Postgres
from tests.servers.rabbitmq import RabbitMq

from . import plan
from .row import Row
from .table import report

#: Fixed, so that a failure can be repeated. `python -m tests.faults --seed` tries others.
SEED = "2016"

#: The pace of the nemesis that keeps the workers away: 36 s instead of ten minutes.
AWAY_PACE = 0.06

#: Seconds for a test on a machine with other tests beside it.
TEST_TIMEOUT = 600


@pytest.mark.servers
@pytest.mark.timeout(TEST_TIMEOUT)
def test_no_nemesis_causes_a_fault_on_servers(
    tmp_path: Path, postgres_server: Postgres, rabbitmq_server: RabbitMq
) -> None:
    """Each acknowledged post is complete, once, and work resumes after each return."""
    rows = list(plan.short(tmp_path, (postgres_server, rabbitmq_server), SEED))
    faults = [fault for row in rows for fault in row.verdict.faults]
    assert not faults, report(rows)
    for row in rows:
        assert row.verdict.ok == row.verdict.acknowledged > 0
        assert row.tally.kills > 0


@pytest.mark.timeout(TEST_TIMEOUT)
def test_no_nemesis_causes_a_fault_on_the_embedded_back_end(tmp_path: Path) -> None:
    """The disk is full for a while, and the renderer is killed."""
    row = plan.short_embedded(tmp_path, SEED)
    assert not row.verdict.faults, report([row])
    assert row.verdict.ok == row.verdict.acknowledged > 0


@pytest.mark.servers
@pytest.mark.timeout(TEST_TIMEOUT)
def test_work_waits_for_workers_that_are_away_on_servers(
    tmp_path: Path, postgres_server: Postgres, rabbitmq_server: RabbitMq
) -> None:
    """Half a minute and a day pass. Each job has one message, and all work is done afterwards."""
    _check(list(plan.alone(tmp_path, (postgres_server, rabbitmq_server), SEED, pace=AWAY_PACE)))


@pytest.mark.timeout(TEST_TIMEOUT)
def test_work_waits_for_workers_that_are_away_on_the_embedded_back_end(tmp_path: Path) -> None:
    """The same on SQLite and files."""
    _check(list(plan.alone_embedded(tmp_path, SEED, pace=AWAY_PACE)))


def _check(rows: list[Row]) -> None:
    for row in rows:
        if row.skipped:
            assert not os.environ.get("CI"), row.skipped
            pytest.skip(row.skipped)
        assert not row.verdict.faults, report([row])
        assert row.verdict.ok == row.verdict.acknowledged > 0
