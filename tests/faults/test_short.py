"""Each kind of nemesis once, in about two minutes, with a fixed seed. `make faults` runs all."""

from pathlib import Path

import pytest

from tests.servers.postgres import Postgres
from tests.servers.rabbitmq import RabbitMq

from . import plan
from .table import report

#: Chosen once; another one is worth a look with `python -m tests.faults --seed`.
SEED = "2016"

#: Seconds of everything, on a machine that is busy with other tests too.
BUDGET = 600


@pytest.mark.servers
@pytest.mark.timeout(BUDGET)
def test_nothing_is_lost_whatever_dies(
    tmp_path: Path, postgres_server: Postgres, rabbitmq_server: RabbitMq
) -> None:
    """Nothing lost, unexpected, duplicated or answered wrongly; work resumes after each return."""
    rows = list(plan.short(tmp_path, (postgres_server, rabbitmq_server), SEED))
    faults = [fault for row in rows for fault in row.books.faults]
    assert not faults, report(rows)
    for row in rows:
        assert row.books.ok == row.books.acknowledged > 0
        assert row.tally.kills > 0


@pytest.mark.timeout(BUDGET)
def test_nothing_is_lost_on_files(tmp_path: Path) -> None:
    """The embedded back end, with its disk full for a while, and a killed renderer."""
    row = plan.short_embedded(tmp_path, SEED)
    assert not row.books.faults, report([row])
    assert row.books.ok == row.books.acknowledged > 0
