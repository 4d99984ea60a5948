"""Rows of capacities: the slots and the mean time of a job of each kind, and the last turns."""

from collections.abc import Iterable, Mapping
from typing import Any

from splitflap_core.contracts import Kind
from splitflap_core.kinds import KINDS
from sqlalchemy import Connection, select

from splitflap_api.domain.changes import Row
from splitflap_api.domain.fair.kind_state import FIRST_MEAN, FIRST_SLOTS, KindState
from splitflap_api.domain.fair.ledger import WorkerSlots
from splitflap_api.domain.fair.shares import Charge, ShareKey
from splitflap_api.store.bulk import update_rows, upsert_rows
from splitflap_api.store.schema import capacities

#: An unchanged row is written again after so many milliseconds. Its `updated_at` shows other
#: processes that a publisher releases held jobs.
CAPACITY_KEPT = 5_000

#: The weight of the newest charges in the mean time of a kind's jobs.
WEIGHT_OF_CHARGES = 0.3


def read_capacities(tx: Connection) -> dict[Kind, Row]:
    """The row of each kind, or its defaults before the first outcome."""
    rows: dict[Kind, Row] = {
        kind: {
            "kind": kind,
            "slots": FIRST_SLOTS[kind],
            "mean": FIRST_MEAN[kind],
            "express": False,
            "last_turn": "",
            "last_low_turn": "",
            "updated_at": 0,
        }
        for kind in KINDS
    }
    for row in tx.execute(select(capacities)).mappings():
        if row["kind"] in rows:
            rows[row["kind"]] = dict(row)
    return rows


def write_capacities(
    tx: Connection,
    known: Mapping[Kind, Row],
    charges: Mapping[ShareKey, Charge],
    workers: WorkerSlots,
    express: Mapping[Kind, bool | None],
    now: int,
) -> None:
    """Write the rows that have changed, or are old.

    `express`: whether workers consume the express queues. None keeps the last answer.
    """
    for kind, row in known.items():
        changed: dict[str, Any] = {
            "slots": workers.count(kind) or row["slots"],
            "mean": _mean(row["mean"], [each for key, each in charges.items() if key.kind == kind]),
            "express": row["express"] if express[kind] is None else express[kind],
        }
        is_fresh = row["updated_at"] > now - CAPACITY_KEPT
        if not (is_fresh and changed.items() <= row.items()):
            new = {"kind": kind, **changed, "updated_at": now}
            upsert_rows(tx, capacities, ("kind",), [new])


def write_turns(tx: Connection, states: Iterable[KindState]) -> None:
    """Write the accounts that had the last turns, after all shares: charges lock in this order."""
    rows = [
        {"kind": each.kind, "last_turn": each.last_turn, "last_low_turn": each.last_low_turn}
        for each in states
    ]
    update_rows(tx, capacities, ("kind",), rows)


def _mean(mean: float, charges: list[Charge]) -> float:
    jobs = sum(each.jobs for each in charges)
    took = sum(each.took for each in charges)
    return mean + (took / jobs - mean) * WEIGHT_OF_CHARGES if jobs else mean
