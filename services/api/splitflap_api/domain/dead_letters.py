"""Dead letters: what nobody could read, and jobs that ended without an answer. Listed, replayed."""

from collections.abc import Sequence
from typing import Any

import msgspec
from splitflap_core import topology
from splitflap_core.contracts import RenderRequest
from sqlalchemy import Connection, func, select, update
from uuid_utils import uuid7

from splitflap_api.contract import models
from splitflap_api.contract.formats import maybe_rfc3339, rfc3339
from splitflap_api.contract.problems import Problem
from splitflap_api.domain.changes import Changes, PreviewRequest, Row
from splitflap_api.store.schema import dead_letters, posts


def page(tx: Connection, after: str | None, limit: int) -> list[models.DeadLetter]:
    """Dead letters, newest first, without their bodies."""
    wanted = select(dead_letters).order_by(dead_letters.c.id.desc()).limit(limit)
    if after:
        wanted = wanted.where(dead_letters.c.id < after)
    return [_shape(row, with_body=False) for row in tx.execute(wanted).mappings()]


def show(tx: Connection, letter_id: str) -> models.DeadLetter:
    """One dead letter with its body; raises Problem where there is none."""
    return _shape(find(tx, letter_id), with_body=True)


def find(tx: Connection, letter_id: str) -> Any:
    """The row, locked where the transaction writes.

    Raises:
        Problem: not-found.
    """
    wanted = select(dead_letters).where(dead_letters.c.id == letter_id).with_for_update()
    row = tx.execute(wanted).mappings().first()
    if row is None:
        raise Problem("not-found", f"no dead letter {letter_id}")
    return row


def count(tx: Connection) -> int:
    """Dead letters that were not replayed."""
    wanted = select(func.count()).where(dead_letters.c.replayed_at.is_(None))
    return int(tx.execute(wanted.select_from(dead_letters)).scalar_one())


def mark_replayed(tx: Connection, letter_id: str, now: int) -> None:
    """Note that it was given back."""
    tx.execute(update(dead_letters).where(dead_letters.c.id == letter_id).values(replayed_at=now))


def replay_job(tx: Connection, changes: Changes, letter: Any) -> None:
    """A new job for a post's text or a URL whose job has ended.

    Raises:
        Problem: conflict, where nothing would come of it.
    """
    if letter["subject"] is None:
        raise Problem("conflict", "its task has its final response, and nothing else wants it")
    nobody = str(uuid7())
    if letter["queue"] == topology.SCRAPE_QUEUE.name:
        changes.preview_requests.append(
            PreviewRequest(nobody, letter["subject"], refresh=True, traceparent=None)
        )
        return
    post = (
        tx.execute(select(posts).where(posts.c.id == letter["subject"]).with_for_update())
        .mappings()
        .first()
    )
    if post is None or post["revision"] != letter["revision"] or post["state"] != "failed":
        raise Problem("conflict", "the post was deleted, edited or rendered meanwhile")
    request = msgspec.json.decode(letter["body"], type=RenderRequest)
    changes.render_job(nobody, request, None, dict(post))
    tx.execute(update(posts).where(posts.c.id == post["id"]).values(state="accepted"))


def forget_waiters(changes: Changes) -> Sequence[Row]:
    """A replayed job has no task: drop the rows that would say so; the jobs."""
    changes.waiters.clear()
    for job in changes.jobs:
        job["task_id"] = None
    return changes.jobs


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
