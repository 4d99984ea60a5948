"""The end of a scrape: a preview is ready or has failed. In both cases its posts are complete."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace
from splitflap_core.contracts import PREVIEW_FIELDS, URL_FIELDS, BrokenMessage, ScrapeResult
from splitflap_core.kinds import SCRAPE
from splitflap_core.outcomes import Failed
from splitflap_core.urls.addresses import AddressRules
from splitflap_core.urls.shown import Withheld, shown_url
from splitflap_core.urls.web_url import BadUrl
from sqlalchemy import Connection, select, update

from splitflap_api.domain.changes import Changes, NewTask, Row, about_post
from splitflap_api.domain.fair.shares import NO_ACCOUNT
from splitflap_api.domain.fan_in import WaiterBatch
from splitflap_api.domain.final_responses import fetched_preview
from splitflap_api.domain.jobs.finished import FinishedJob
from splitflap_api.domain.jobs.kind import BacklogLimit, JobKind
from splitflap_api.domain.posts.states import lock_posts_once
from splitflap_api.domain.webhooks.telling import of_previews
from splitflap_api.store.bulk import among, update_rows
from splitflap_api.store.schema import previews

#: Seconds for which a preview, or its failure, stays fresh by default.
KEEP_READY = 86_400
KEEP_FAILED = 600

#: Longest reason in the table, in characters.
MAX_REASON = 50


class ScrapeJobs(JobKind):
    """Scrapes of URLs: one job a URL, for all the tasks that wait for its preview."""

    spec = SCRAPE
    # Sites may be slow, and a post without previews is shown meanwhile.
    backlog = BacklogLimit("waiting for previews", tolerated=500, ages=20)
    shared = True

    def checked(self, result: ScrapeResult, rules: AddressRules) -> ScrapeResult:
        _check_time(result.published_at)
        found = {name: getattr(result, name) for name in URL_FIELDS}
        shown = {name: _shown(name, url, rules) for name, url in found.items()}
        return result if shown == found else replace(result, **shown)

    def write_previews(
        self, tx: Connection, changes: Changes, finished: Sequence[FinishedJob]
    ) -> None:
        rows = [preview_row(each, changes.now) for each in finished]
        update_rows(tx, previews, ("url", "job_id"), rows)
        tx.execute(
            update(previews)
            .where(
                among(tx, previews.c.url, [row["url"] for row in rows]),
                among(tx, previews.c.job_id, [row["job_id"] for row in rows]),
            )
            .values(job_id=None)
        )

    def replay(self, _tx: Connection, changes: Changes, letter: Any) -> NewTask:
        task = changes.new_task(NO_ACCOUNT, fetched_preview.__name__)
        task.subject = letter["subject"]
        changes.request_preview(task, task.subject)
        return task


def _check_time(text: str | None) -> None:
    """A client with a type for times could not read a list with the 30th of February."""
    try:
        datetime.fromisoformat(text or "2000-01-01")
    except ValueError as error:
        raise BrokenMessage(f"published_at: {error}") from error


def _shown(name: str, url: str | None, rules: AddressRules) -> str | None:
    try:
        return shown_url(url, rules) if url is not None else None
    except Withheld:
        # A scraper of an earlier release sends it during an upgrade, and is not broken into.
        return None
    except BadUrl as error:
        raise BrokenMessage(f"{name}: {error}") from error


def preview_row(finished: FinishedJob, now: int) -> Row:
    """The columns of a preview, or of its failure."""
    result = finished.result or ScrapeResult()
    failed = finished.outcome if isinstance(finished.outcome, Failed) else None
    keep = (failed.keep if failed else result.keep) or (KEEP_FAILED if failed else KEEP_READY)
    return {
        "url": finished.job["subject"],
        "job_id": finished.id,
        "state": "failed" if failed else "ready",
        "reason": failed.reason[:MAX_REASON] if failed else None,
        **{name: getattr(result, name) for name in PREVIEW_FIELDS},
        "fetched_at": now,
        "expires_at": now + int(keep * 1000),
    }


def add_preview_events(
    tx: Connection, changes: Changes, waiting: WaiterBatch, urls: Mapping[str, str]
) -> None:
    """Add an event for each waiting post that is still at its task's revision, and tell webhooks.

    A task that waited for days may be past its retention: its row is gone, and its waiter is left.
    `urls` gives the URLs of the ended scrapes by job.
    """
    shown = [
        (urls[job_id], task)
        for job_id, task_id in waiting.waiters
        if job_id in urls
        and (task := waiting.tasks.get(task_id)) is not None
        and task["revision"] is not None
    ]
    if not shown:
        return
    now_at = lock_posts_once(tx, changes, [task["subject"] for _, task in shown])
    changes.locked_posts |= now_at
    rows = tx.execute(
        select(previews.c.url, previews.c.state).where(
            among(tx, previews.c.url, {url for url, _ in shown})
        )
    )
    states = {row.url: row.state for row in rows}
    told = []
    for url, task in shown:
        post = now_at.get(task["subject"])
        if post and post["revision"] == task["revision"]:
            more = {"url": url, "state": states.get(url, "failed")}
            changes.event("preview", post, **more)
            told.append((task, {**about_post(post), **more}))
    changes.deliveries += of_previews(tx, told, changes.now)
