"""Dead letters: unreadable messages, and jobs without a result. Listed, replayed and dropped."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from splitflap_core.contracts import MAX_MESSAGE
from sqlalchemy import Connection, Select, Subquery, Table, delete, func, select, update
from uuid_utils import uuid7

from splitflap_api.contract.dead_letter_models import DeadLetter, DeadLetterFilter, DeadLetterQuery
from splitflap_api.contract.formats import maybe_rfc3339, rfc3339
from splitflap_api.contract.problems import Problem
from splitflap_api.domain.changes import Changes, Row
from splitflap_api.domain.jobs.finished import FinishedJob
from splitflap_api.domain.jobs.kinds import JOB_KINDS
from splitflap_api.store.bulk import among, insert_rows
from splitflap_api.store.schema import dead_letters, posts, tasks
from splitflap_api.store.turns import change_in_turns

#: Longest queue name and reason in the table, in characters.
MAX_QUEUE = 20
MAX_REASON = 500

#: Bytes kept of a message above MAX_MESSAGE.
MAX_KEPT = 65_536

#: Rows that one page examines for a filter, and that one statement examines. SQLite follows the
#: body's chain of pages to reach the columns behind it: 12 ms for 25 of the largest.
EXAMINED = 500
STEP = 25

#: Rows that one statement of PostgreSQL counts, and seconds of one count.
COUNT_STEP = 5_000
COUNT_SECONDS = 2.0

#: The columns of a list.
_HEAD = [column for column in dead_letters.c if column.name != "body"]


class Page(NamedTuple):
    """Dead letters, and the id after which the search goes on; None at the end of the list."""

    letters: list[DeadLetter]
    examined: str | None


def page(tx: Connection, query: DeadLetterQuery, after: str | None, now: int) -> Page:
    """Dead letters that match, newest first, without their bodies.

    The search ends after EXAMINED rows, so the page may be short or empty.
    """
    letters: list[DeadLetter] = []
    for examined in range(0, EXAMINED, STEP):
        size = min(STEP, EXAMINED - examined)
        found, after = _step(tx, query, after, now, size, query.limit - len(letters))
        letters += found
        if after is None or len(letters) == query.limit:
            break
        # On SQLite nothing else lets other threads run.
        time.sleep(0)
    return Page(letters, after)


def _step(
    tx: Connection,
    query: DeadLetterQuery,
    after: str | None,
    now: int,
    size: int,
    limit: int,
) -> Page:
    """At most `limit` of the next `size` rows."""
    window, last = _window(after, size)
    wanted = select(window).where(*_conditions(window.c, query, now)).order_by(window.c.id.desc())
    found = tx.execute(wanted.limit(limit)).mappings().all()
    letters = [_shape(row, with_body=False) for row in found]
    if len(letters) == limit:
        return Page(letters, letters[-1].id)
    return Page(letters, tx.execute(last).scalar())


def _window(after: str | None, size: int) -> tuple[Subquery, Select[Any]]:
    """The next `size` rows, without their bodies, and the query for the id of the last one."""
    before = [dead_letters.c.id < after] if after is not None else []
    order = dead_letters.c.id.desc()
    rows = select(*_HEAD).where(*before).order_by(order).limit(size).subquery()
    last = select(dead_letters.c.id).where(*before).order_by(order).offset(size - 1).limit(1)
    return rows, last


def _conditions(columns: Any, query: DeadLetterFilter, now: int) -> list[Any]:
    given = {
        columns.reason: query.reason,
        columns.queue: query.queue,
        columns.account: query.account,
    }
    conditions = [column == value for column, value in given.items() if value is not None]
    if query.replayed is not None:
        replayed = columns.replayed_at
        conditions.append(replayed.is_not(None) if query.replayed else replayed.is_(None))
    if query.older_than is not None:
        conditions.append(columns.created_at <= now - int(query.older_than * 1000))
    if query.newer_than is not None:
        conditions.append(columns.created_at > now - int(query.newer_than * 1000))
    return conditions


def show(tx: Connection, letter_id: str) -> DeadLetter:
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
        raise Problem("not-found", missing(letter_id))
    return row


def missing(letter_id: str) -> str:
    """The message about an id without a dead letter."""
    return f"no dead letter {letter_id}"


def count(tx: Connection) -> int:
    """The number of dead letters still to be replayed."""
    wanted = select(func.count()).where(dead_letters.c.replayed_at.is_(None))
    return int(tx.execute(wanted.select_from(dead_letters)).scalar_one())


def count_matching(
    tx: Connection, query: DeadLetterFilter, now: int, *, sqlite: bool
) -> tuple[int, bool]:
    """The number of dead letters that match, and whether the time sufficed for all of them."""
    if query == DeadLetterFilter(replayed=False):
        return count(tx), True
    until = time.monotonic() + COUNT_SECONDS
    size = STEP if sqlite else COUNT_STEP
    found, after = 0, None
    while time.monotonic() < until:
        window, last = _window(after, size)
        matching = select(func.count()).select_from(window)
        found += tx.execute(matching.where(*_conditions(window.c, query, now))).scalar_one()
        after = tx.execute(last).scalar()
        if after is None:
            return found, True
        time.sleep(0)
    return found, False


def mark_replayed(tx: Connection, letter_id: str, now: int) -> None:
    """Note the time of the replay."""
    tx.execute(update(dead_letters).where(dead_letters.c.id == letter_id).values(replayed_at=now))


def drop(tx: Connection, ids: Sequence[str]) -> list[str]:
    """Delete dead letters, and return the ids of those that there were."""
    rows = select(dead_letters.c.id).where(among(tx, dead_letters.c.id, ids))
    found = [row.id for row in tx.execute(rows.order_by(dead_letters.c.id).with_for_update())]
    change_in_turns(tx, delete(dead_letters), dead_letters.c.id, found)
    return found


def insert_message(tx: Connection, queue: str, reason: str, body: bytes, now: int) -> None:
    """Insert an unreadable message. Its queue and reason may be texts of a hostile worker."""
    row = {
        "id": str(uuid7()),
        "queue": _storable(queue)[:MAX_QUEUE],
        "reason": _storable(reason)[:MAX_REASON],
        "body": body if len(body) <= MAX_MESSAGE else body[:MAX_KEPT],
        "created_at": now,
    }
    insert_rows(tx, dead_letters, [row])


def _storable(text: str) -> str:
    """The text without U+0000 and halves of surrogate pairs, which PostgreSQL refuses."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def insert_jobs(tx: Connection, finished: Sequence[FinishedJob], now: int) -> None:
    """Insert those of these jobs that are dead letters by their kind."""
    dead = [each for each in finished if JOB_KINDS[each.job["kind"]].is_dead_letter(each)]
    if dead:
        accounts = _accounts(tx, dead)
        insert_rows(tx, dead_letters, [_row(each, accounts, now) for each in dead])


def _accounts(tx: Connection, finished: Sequence[FinishedJob]) -> dict[str, str]:
    """The accounts of these jobs, by job: the post's author, else the task's account.

    A job of several tasks belongs to no account.
    """
    own = [each.job for each in finished if not JOB_KINDS[each.job["kind"]].shared]
    by_subject = _account_of(tx, posts, [job["subject"] for job in own if job["subject"]])
    by_task = _account_of(tx, tasks, [job["task_id"] for job in own if job["task_id"]])
    found = {
        job["id"]: by_subject.get(job["subject"]) or by_task.get(job["task_id"]) for job in own
    }
    return {job_id: account for job_id, account in found.items() if account}


def _account_of(tx: Connection, table: Table, ids: Sequence[str]) -> dict[str, str]:
    rows = tx.execute(select(table.c.id, table.c.account).where(among(tx, table.c.id, ids)))
    return {row.id: row.account for row in rows}


def replay_job(tx: Connection, changes: Changes, letter: Any) -> None:
    """Add a new task with a job, for a dead letter of a job.

    Raises:
        Problem: conflict, if the job would have no effect.
    """
    if letter["subject"] is None:
        raise Problem("conflict", "its task has its final response, and needs no other result")
    changes.tasks.append(JOB_KINDS[letter["queue"]].replay(tx, changes, letter))


def _row(finished: FinishedJob, accounts: Mapping[str, str], now: int) -> Row:
    job = finished.job
    return {
        "id": str(uuid7()),
        "queue": job["kind"],
        "job_id": job["id"],
        "account": accounts.get(job["id"]),
        "subject": job["subject"],
        "revision": job["revision"],
        "reason": finished.reason[:MAX_REASON],
        "body": job["payload"].encode(),
        "created_at": now,
    }


def _shape(row: Any, *, with_body: bool) -> DeadLetter:
    return DeadLetter(
        id=row["id"],
        queue=row["queue"],
        reason=row["reason"],
        job=row["job_id"],
        account=row["account"],
        created_at=rfc3339(row["created_at"]),
        replayed_at=maybe_rfc3339(row["replayed_at"]),
        body=row["body"].decode("utf-8", "replace") if with_body else None,
    )
