"""The history: what each replica counted in each step, and what the database had at its end.

A replica has a row of its own in each step. It writes the whole row again after a failure, so
nothing counts twice, and two replicas never wait for each other.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from splitflap_core.contracts import Kind
from splitflap_core.kinds import KINDS
from sqlalchemy import Connection, func, or_, select

from splitflap_api.contract import status_models
from splitflap_api.contract.formats import rfc3339
from splitflap_api.store.bulk import Row, upsert_rows, write_all
from splitflap_api.store.schema import history

#: Milliseconds of a step, and the number of steps that are kept: an hour.
STEP = 10_000
STEPS = 360

#: Milliseconds after the end of a step in which the replicas write their rows.
SETTLED = 2_000

#: Steps of the rates: a minute.
STEPS_OF_RATES = 6

#: Milliseconds for which a replica counts as running after it has written a row.
REPLICA_KEPT = 30_000

#: A clock that was set back leaves rows in the future. They are deleted from so many milliseconds
#: on; the clocks of two database servers differ by less.
FUTURE = 60_000

#: Rows deleted by one transaction.
BATCH = 500

#: Numbers of a step, summed over the replicas.
COUNTS = (
    *("accepted", "finished", "failed", "refused"),
    *(f"{kind}_done" for kind in KINDS),
)
#: The same, for the demand only.
PUBLISHED = tuple(f"{kind}_published" for kind in KINDS)
#: Values at the end of a step. One replica reads them for all.
GAUGES = (
    "running",
    *(f"{kind}_waiting" for kind in KINDS),
    *(f"{kind}_oldest" for kind in KINDS),
    "dead",
)


def last_step(now: int) -> int:
    """The start of the newest step that has ended at `now`, in milliseconds since 1970."""
    return now // STEP * STEP - STEP


def new_row(step: int, replica: str) -> Row:
    """A row without counts."""
    return {
        "step": step,
        "replica": replica,
        **dict.fromkeys((*COUNTS, *PUBLISHED, "streams"), 0),
        **dict.fromkeys(GAUGES),
    }


def write_steps(tx: Connection, rows: list[Row]) -> None:
    """Insert rows of one replica, or replace them."""
    upsert_rows(tx, history, ("step", "replica"), rows)


def has_gauges(tx: Connection, step: int) -> bool:
    """Whether a replica has written the gauges of this step."""
    wanted = select(history.c.step).where(history.c.step == step, history.c.running.is_not(None))
    return tx.execute(wanted.limit(1)).first() is not None


def forget_steps(tx: Connection, now: int) -> int:
    """Delete old rows, and those in the future. Return their number. Other replicas do the same."""
    old = or_(history.c.step < now - STEPS * STEP - FUTURE, history.c.step > now + FUTURE)
    wanted = select(history.c.step, history.c.replica).where(old)
    wanted = wanted.order_by(*history.primary_key.columns).limit(BATCH)
    rows = [dict(row) for row in tx.execute(wanted.with_for_update(skip_locked=True)).mappings()]
    write_all(tx, (), [(history, rows)])
    return len(rows)


def read_history(tx: Connection, now: int) -> status_models.StatusHistory:
    """The last hour at `now`."""
    until = _until(now)
    first = until - STEPS * STEP
    columns = history.c
    wanted = select(
        columns.step,
        *(func.sum(columns[name]).label(name) for name in (*COUNTS, "streams")),
        *(func.max(columns[name]).label(name) for name in GAUGES),
    )
    wanted = wanted.where(columns.step >= first, columns.step < until).group_by(columns.step)
    rows = {row["step"]: row for row in tx.execute(wanted).mappings()}
    steps = range(first, until, STEP)
    return status_models.StatusHistory(
        step_seconds=STEP // 1000,
        until=rfc3339(until),
        series=[
            status_models.Series(name, [_value(rows.get(step), name) for step in steps])
            for name in (*COUNTS, *GAUGES, "streams")
        ],
    )


@dataclass(frozen=True)
class Recent:
    """The numbers of the last minute, and the replicas that wrote lately."""

    #: Per second, by name.
    rates: Mapping[str, float]
    #: The open streams of each replica.
    streams: Mapping[str, int]

    def published(self, kind: Kind) -> float:
        """Jobs published per second."""
        return self.rates[f"{kind}_published"]


def read_recent(tx: Connection, now: int) -> Recent:
    """The last minute at `now`."""
    until = _until(now)
    first = until - STEPS_OF_RATES * STEP
    wanted = select(history).where(history.c.step >= first, history.c.step <= now)
    rows = tx.execute(wanted.order_by(history.c.step)).mappings().all()
    earliest = now - REPLICA_KEPT - STEP
    return Recent(
        rates=_rates(row for row in rows if row["step"] < until),
        streams={row["replica"]: row["streams"] for row in rows if row["step"] >= earliest},
    )


def _rates(rows: Iterable[Any]) -> dict[str, float]:
    """The mean of the steps that have a row: a new service has no whole minute yet."""
    totals: Counter[str] = Counter()
    steps = set()
    for row in rows:
        steps.add(row["step"])
        totals.update({name: row[name] for name in (*COUNTS, *PUBLISHED)})
    seconds = max(1, len(steps)) * STEP / 1000
    return {name: round(totals[name] / seconds, 3) for name in (*COUNTS, *PUBLISHED)}


def _until(now: int) -> int:
    """The end of the newest step that all replicas have written."""
    return (now - SETTLED) // STEP * STEP


def _value(row: Any, name: str) -> float | None:
    if row is None or row[name] is None:
        return None
    value = float(row[name])  # PostgreSQL sums whole numbers as decimal ones
    return int(value) if value.is_integer() else round(value, 3)
