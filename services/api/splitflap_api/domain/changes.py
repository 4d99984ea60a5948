"""The changes of one transaction: gathered first, then written in the order of locks.

Many requests or outcomes share one transaction. Gathering lets it write each table once, and keeps
the order of locks in this one place: previews, tasks, posts, waiters.
"""

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace
from splitflap_core.contracts import MAX_KEEP, Kind, RenderRequest, ScrapeRequest, encode
from splitflap_core.trace import continued
from sqlalchemy import Connection
from uuid_utils import uuid7

from splitflap_api.contract.formats import rfc3339
from splitflap_api.domain.fair.routes import Router
from splitflap_api.domain.fair.shares import JobOwner
from splitflap_api.domain.jobs.locks import lock_previews
from splitflap_api.store import schema
from splitflap_api.store.bulk import update_rows, write_all
from splitflap_api.store.outbox import event_rows

#: Milliseconds after which the reconciler publishes an unconfirmed job again.
UNCONFIRMED_AFTER = 5_000

Row = dict[str, Any]


class PreviewRequest(NamedTuple):
    """A task's request for the preview of a URL. `refresh` fetches even a fresh preview again."""

    task_id: str
    url: str
    refresh: bool
    traceparent: str | None
    owner: JobOwner


@dataclass(slots=True)
class NewTask:
    """A task that this transaction inserts; commands fill `subject` and `revision`.

    `responder` names the function for the final response. The task's jobs carry its `traceparent`;
    the table of tasks has no column for it.
    """

    id: str
    account: str
    responder: str
    created_at: int
    traceparent: str
    idempotency_key: str | None = None
    fingerprint: str | None = None
    key_id: str | None = None
    subject: str | None = None
    revision: int | None = None
    #: The number of its unfinished jobs.
    pending: int = 1
    #: Whether its jobs yield to others.
    low: bool = False
    #: The channel of its post.
    channel: str | None = None
    #: The task of the batch that it is a part of.
    batch_id: str | None = None
    #: The webhooks that are told of its end, separated by spaces.
    webhook_ids: str | None = None

    @property
    def owner(self) -> JobOwner:
        """The owner of its jobs."""
        return JobOwner(self.account, self.low)

    def row(self) -> Row:
        """The task as a row of the table."""
        return {
            "id": self.id,
            "account": self.account,
            "finish": self.responder,
            "subject": self.subject,
            "revision": self.revision,
            "state": "running",
            "idempotency_key": self.idempotency_key,
            "fingerprint": self.fingerprint,
            "key_id": self.key_id,
            "channel": self.channel,
            "batch_id": self.batch_id,
            "webhook_ids": self.webhook_ids,
            "created_at": self.created_at,
            "pending": self.pending,
            "total": self.pending,
        }


@dataclass
class Changes:
    """The rows of one transaction. `now` is the database's clock at its start."""

    now: int
    router: Router
    posts: list[Row] = field(default_factory=list)
    tasks: list[NewTask] = field(default_factory=list)
    waiters: list[Row] = field(default_factory=list)
    jobs: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)
    #: Deliveries to webhooks, of previews that have ended.
    deliveries: list[Row] = field(default_factory=list)
    #: Jobs that have ended, as rows of their ids, and waiters that wait no more.
    ended_jobs: list[Row] = field(default_factory=list)
    taken_waiters: list[Row] = field(default_factory=list)
    #: Posts that an ingest has locked, by id, as they were before it. But `bytes` has new HTML too.
    locked_posts: dict[str, Row] = field(default_factory=dict)
    #: The new columns of posts with new HTML, by id.
    rendered_posts: dict[str, Row] = field(default_factory=dict)
    preview_requests: list[PreviewRequest] = field(default_factory=list)
    #: Running tasks that end with this transaction, although their jobs have not ended.
    ending: list[str] = field(default_factory=list)
    #: Scrapes of others that owners of this transaction wait for too, by job.
    joined: dict[str, JobOwner] = field(default_factory=dict)
    #: Requests for previews that an earlier job makes, with this job.
    shared: list[tuple[PreviewRequest, str]] = field(default_factory=list)
    #: The exemplars of the times of recorded tasks, by task.
    exemplars: dict[str, dict[str, str]] = field(default_factory=dict)

    @cached_property
    def time(self) -> str:
        """`now` as clients read it."""
        return rfc3339(self.now)

    def new_task(
        self,
        account: str,
        responder: str,
        traceparent: str | None = None,
        idempotency_key: str | None = None,
        fingerprint: str | None = None,
        key_id: str | None = None,
    ) -> NewTask:
        """A task of this transaction. The caller adds it to `tasks`.

        `traceparent` is the client's, if it sent one.
        """
        return NewTask(
            id=str(uuid7()),
            account=account,
            responder=responder,
            created_at=self.now,
            traceparent=continued(traceparent),
            idempotency_key=idempotency_key,
            fingerprint=fingerprint,
            key_id=key_id,
        )

    def render_job(self, task: NewTask, request: RenderRequest, post: Row | None) -> None:
        """Add the job that renders a text for a task, and for its post if it has one.

        The id of the post, or else of the task, gives the salt: a post keeps its ids over edits.
        """
        salted = replace(request, salt=_salt(post["id"] if post else task.id))
        job = self._job("render", encode(salted), task.id, task.traceparent, task.owner)
        if post:
            job |= {"subject": post["id"], "revision": post["revision"]}
        self.waiters.append({"job_id": job["id"], "task_id": task.id})

    def request_preview(self, task: NewTask, url: str) -> None:
        """Let a task fetch the preview of a URL, even a fresh one, or join its present fetch."""
        self.preview_requests.append(
            PreviewRequest(
                task.id, url, refresh=True, traceparent=task.traceparent, owner=task.owner
            )
        )

    def event(self, kind: str, post: Any, **more: Any) -> None:
        """Add an event of a post, with the post's id, channel and revision."""
        data = {**about_post(post), **more}
        self.events.append(
            {"channel": post["channel"], "kind": kind, "data": msgspec.json.encode(data).decode()}
        )

    def schedule_previews(self, tx: Connection) -> Counter[str]:
        """Lock the requested previews, and add a job for each stale one without a job.

        Returns the number of previews that each task waits for.
        """
        waits: Counter[str] = Counter()
        if not self.preview_requests:
            return waits
        known = lock_previews(tx, {request.url for request in self.preview_requests})
        started = []
        for request in self.preview_requests:
            preview = known[request.url]
            if not request.refresh and is_fresh(preview, self.now):
                continue
            if preview["job_id"] is None:
                preview["job_id"] = self._scrape_job(request)["id"]
                started.append({"url": request.url, "job_id": preview["job_id"]})
            else:
                self.shared.append((request, preview["job_id"]))
                if self.router.is_holding("scrape"):
                    self._join(preview["job_id"], request.owner)
            self.waiters.append({"job_id": preview["job_id"], "task_id": request.task_id})
            waits[request.task_id] += 1
        update_rows(tx, schema.previews, ("url",), started)
        return waits

    def write_rendered_posts(self, tx: Connection) -> None:
        """Write the new HTML of posts. Final responses read it."""
        update_rows(tx, schema.posts, ("id",), list(self.rendered_posts.values()))
        self.rendered_posts = {}

    def write(self, tx: Connection) -> None:
        """Write all rows. Call `schedule_previews` before: it adds jobs and waiters."""
        self.write_rendered_posts(tx)
        write_all(
            tx,
            inserts=(
                (schema.posts, self.posts),
                (schema.tasks, [task.row() for task in self.tasks]),
                (schema.jobs, self.jobs),
                (schema.waiters, self.waiters),
                (schema.deliveries, self.deliveries),
                event_rows(tx, [{**event, "created_at": self.now} for event in self.events]),
            ),
            deletes=((schema.waiters, self.taken_waiters), (schema.jobs, self.ended_jobs)),
        )

    def _join(self, job_id: str, owner: JobOwner) -> None:
        if job_id not in self.joined or self.joined[job_id].low:
            self.joined[job_id] = owner

    def _scrape_job(self, request: PreviewRequest) -> Row:
        payload = encode(ScrapeRequest(request.url))
        job = self._job("scrape", payload, request.task_id, request.traceparent, request.owner)
        job["subject"] = request.url
        return job

    def _job(
        self, kind: Kind, payload: bytes, task_id: str, traceparent: str | None, owner: JobOwner
    ) -> Row:
        job = {
            "id": str(uuid7()),
            "kind": kind,
            "subject": None,
            "revision": None,
            "payload": payload.decode(),
            "attempt": 1,
            "task_id": task_id,
            "traceparent": traceparent,
            "account": owner.account,
            "low": owner.low,
            "created_at": self.now,
            **self.router.route(kind, owner).columns(self.now + UNCONFIRMED_AFTER),
        }
        self.jobs.append(job)
        return job


def about_post(post: Any) -> dict[str, Any]:
    """What every event of a post says."""
    return {"post": post["id"], "channel": post["channel"], "revision": post["revision"]}


def is_fresh(preview: Any, now: int) -> bool:
    """Whether a preview can be shown without a fetch.

    A time beyond the longest one comes from an earlier release without bounds. It is not believed.
    """
    expires_at = preview["expires_at"]
    return (
        preview["state"] != "pending"
        and expires_at is not None
        and now < expires_at <= now + MAX_KEEP * 1000
    )


def _salt(name: str) -> str:
    """The salt of a render job. UUIDs of one time differ in few bits, a hash of them in many."""
    return blake2b(name.encode(), digest_size=4, person=b"render salt").hexdigest()
