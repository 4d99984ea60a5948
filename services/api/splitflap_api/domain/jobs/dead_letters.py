"""Dead letters: unreadable messages, and jobs without a result. Listed and replayed."""

from collections.abc import Sequence
from typing import Any

from splitflap_core.contracts import MAX_MESSAGE
from sqlalchemy import Connection, func, select, update
from uuid_utils import uuid7

from splitflap_api.contract import models
from splitflap_api.contract.formats import maybe_rfc3339, rfc3339
from splitflap_api.contract.problems import Problem
from splitflap_api.domain.changes import Changes, Row
from splitflap_api.domain.jobs.finished import FinishedJob
from splitflap_api.domain.jobs.kinds import JOB_KINDS
from splitflap_api.store.bulk import insert_rows
from splitflap_api.store.schema import dead_letters

#: Longest queue name and reason in the table, in characters.
MAX_QUEUE = 20
MAX_REASON = 500

#: Bytes kept of a message above MAX_MESSAGE.
KEPT = 65_536

#: The columns of a list.
_HEAD = [column for column in dead_letters.c if column.name != "body"]


def page(tx: Connection, after: str | None, limit: int) -> list[models.DeadLetter]:
    """Dead letters, newest first, without their bodies."""
    wanted = select(*_HEAD).order_by(dead_letters.c.id.desc()).limit(limit)
    if after:
        wanted = wanted.where(dead_letters.c.id < after)
    return [_shape(row, with_body=False) for row in tx.execute(wanted).mappings()]


def show(tx: Connection, letter_id: str) -> models.DeadLetter:
    """One dead letter with its body.

    Raises:
        Problem: not-found.
    """
    return _shape(find(tx, letter_id), with_body=True)


def find(tx: Connection, letter_id: str) -> Any:
    """The row. A writing transaction locks it.

    Raises:
        Problem: not-found.
    """
    wanted = select(dead_letters).where(dead_letters.c.id == letter_id).with_for_update()
    row = tx.execute(wanted).mappings().first()
    if row is None:
        raise Problem("not-found", f"no dead letter {letter_id}")
    return row


def count(tx: Connection) -> int:
    """The number of dead letters still to be replayed."""
    wanted = select(func.count()).where(dead_letters.c.replayed_at.is_(None))
    return int(tx.execute(wanted.select_from(dead_letters)).scalar_one())


def mark_replayed(tx: Connection, letter_id: str, now: int) -> None:
    """Note the time of the replay."""
    tx.execute(update(dead_letters).where(dead_letters.c.id == letter_id).values(replayed_at=now))


def insert_message(tx: Connection, queue: str, reason: str, body: bytes, now: int) -> None:
    """Insert an unreadable message. Its queue and reason may be texts of a hostile worker."""
    row = {
        "id": str(uuid7()),
        "queue": _storable(queue)[:MAX_QUEUE],
        "reason": _storable(reason)[:MAX_REASON],
        "body": body if len(body) <= MAX_MESSAGE else body[:KEPT],
        "created_at": now,
    }
    insert_rows(tx, dead_letters, [row])


def _storable(text: str) -> str:
    """The text without U+0000 and halves of surrogate pairs, which PostgreSQL refuses."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def insert_jobs(tx: Connection, finished: Sequence[FinishedJob], now: int) -> None:
    """Insert those of these jobs that are dead letters by their kind."""
    insert_rows(
        tx,
        dead_letters,
        [_row(each, now) for each in finished if JOB_KINDS[each.job["kind"]].is_dead_letter(each)],
    )


def replay_job(tx: Connection, changes: Changes, letter: Any) -> None:
    """Add a new job for a dead letter of a job.

    Raises:
        Problem: conflict, if the job would have no effect.
    """
    if letter["subject"] is None:
        raise Problem("conflict", "its task has its final response, and needs no other result")
    JOB_KINDS[letter["queue"]].replay(tx, changes, letter)


def forget_waiters(changes: Changes) -> Sequence[Row]:
    """Remove the placeholder task of replayed jobs, and return the jobs."""
    changes.waiters.clear()
    for job in changes.jobs:
        job["task_id"] = None
    return changes.jobs


def _row(finished: FinishedJob, now: int) -> Row:
    job = finished.job
    return {
        "id": str(uuid7()),
        "queue": job["kind"],
        "job_id": job["id"],
        "subject": job["subject"],
        "revision": job["revision"],
        "reason": finished.reason[:MAX_REASON],
        "body": job["payload"].encode(),
        "created_at": now,
    }


def _shape(row: Any, *, with_body: bool) -> models.DeadLetter:
    return models.DeadLetter(
        id=row["id"],
        queue=row["queue"],
        reason=row["reason"],
        job=row["job_id"],
        created_at=rfc3339(row["created_at"]),
        replayed_at=maybe_rfc3339(row["replayed_at"]),
        body=row["body"].decode("utf-8", "replace") if with_body else None,
    )
