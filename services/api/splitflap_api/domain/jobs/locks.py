"""Rows of jobs, tasks and previews, locked in the order of their keys; and jobs without waiters."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from splitflap_api.store.bulk import among, upsert_rows
from splitflap_api.store.schema import jobs, previews, tasks, waiters

_FINAL = {"status", "headers", "body", "html_post", "html_bytes", "html"}
_TASK_COLUMNS = [column for column in tasks.c if column.name not in _FINAL]


def lock_jobs(tx: Connection, ids: Iterable[str]) -> list[dict[str, Any]]:
    """The jobs that still exist, locked in the order of their ids."""
    rows = tx.execute(
        select(jobs).where(among(tx, jobs.c.id, set(ids))).order_by(jobs.c.id).with_for_update()
    )
    return [dict(row) for row in rows.mappings()]


def lock_tasks(tx: Connection, ids: Iterable[str]) -> list[dict[str, Any]]:
    """Tasks, their final responses left out, locked in the order of their ids."""
    rows = tx.execute(
        select(*_TASK_COLUMNS)
        .where(among(tx, tasks.c.id, set(ids)))
        .order_by(tasks.c.id)
        .with_for_update()
    )
    return [dict(row) for row in rows.mappings()]


def lock_previews(tx: Connection, urls: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The rows of these previews by URL, locked in the order of their URLs.

    Inserts missing rows.
    """
    wanted = sorted(urls)
    missing = [{"url": url, "state": "pending"} for url in wanted]
    upsert_rows(tx, previews, ("url",), missing, update=False)
    rows = tx.execute(
        select(previews)
        .where(among(tx, previews.c.url, wanted))
        .order_by(previews.c.url)
        .with_for_update()
    )
    return {row["url"]: dict(row) for row in rows.mappings()}


def drop_unwanted_jobs(tx: Connection, task_ids: Sequence[str], now: int) -> None:
    """Delete the waiters of these tasks, then the jobs without waiters.

    A preview that was never fetched expires now, so that a sweep finds it one day.

    A transaction adds waiters to a scrape only under the lock of its preview. So this function
    locks those previews first.
    """
    rows = tx.execute(select(waiters.c.job_id).where(among(tx, waiters.c.task_id, task_ids)))
    waited = sorted({row.job_id for row in rows})
    # A render's subject, a post's id, matches no preview.
    subjects = [row["subject"] for row in lock_jobs(tx, waited) if row["subject"]]
    its_previews = among(tx, previews.c.url, subjects)
    tx.execute(
        select(previews.c.url).where(its_previews).order_by(previews.c.url).with_for_update()
    ).all()
    lock_tasks(tx, task_ids)
    tx.execute(delete(waiters).where(among(tx, waiters.c.task_id, task_ids)))
    still = tx.execute(
        select(waiters.c.job_id).where(among(tx, waiters.c.job_id, waited)).distinct()
    )
    unwanted = set(waited) - {row.job_id for row in still}
    if unwanted:
        tx.execute(delete(jobs).where(among(tx, jobs.c.id, unwanted)))
        tx.execute(
            update(previews)
            .where(its_previews, among(tx, previews.c.job_id, unwanted))
            .values(job_id=None, expires_at=func.coalesce(previews.c.expires_at, now))
        )
