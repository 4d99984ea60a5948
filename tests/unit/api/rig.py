"""The layers of one API process on a real database, without server, broker and workers.

Tests hand outcomes in, and read the published jobs. Two rigs on one database are two replicas.
"""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from splitflap_api.contract.models import Post, PostInput
from splitflap_api.domain import final_responses
from splitflap_api.domain.access.keys import Caller
from splitflap_api.domain.batches import CreatePosts
from splitflap_api.domain.commands import Command, Telling
from splitflap_api.domain.fair.kind_state import KindState
from splitflap_api.domain.fair.ledger import Ledger
from splitflap_api.domain.fair.routes import Router
from splitflap_api.domain.fair.shares import JobOwner
from splitflap_api.domain.posts.commands import CreatePost, EditPost
from splitflap_api.domain.posts.shapes import read_posts
from splitflap_api.domain.preview_urls import PreviewUrls
from splitflap_api.domain.previews import FetchPreview, RenderText
from splitflap_api.domain.responders import Responder, Responders
from splitflap_api.domain.tasks import Tasks
from splitflap_api.loops.acceptor import Acceptor
from splitflap_api.loops.history import Recorder
from splitflap_api.loops.long_requests.feed import Feed
from splitflap_api.loops.outcomes.queue_depths import SignsOfLoss
from splitflap_api.loops.reconcile import Reconciler
from splitflap_api.loops.retention import Retention
from splitflap_api.store.engine import Store
from splitflap_api.store.outbox import Outbox
from splitflap_api.store.schema import events, metadata
from splitflap_api.transactions.accept import TaskTransactions
from splitflap_api.transactions.fair import FairPublishing
from splitflap_api.transactions.ingest import Ingest
from splitflap_core.contracts import JobOutcome, RenderResult, ScrapeResult, encode
from splitflap_core.kinds import KINDS
from splitflap_core.outcomes import Done, Failed, Report, RetryLater
from splitflap_core.telemetry import Metrics
from sqlalchemy import Table, func, select, update

from asyncrequest import NO_PRECONDITIONS, Final, Preconditions, Submission, TaskState

Row = dict[str, Any]

#: The URLs of previews without settings.
ANY_URLS = PreviewUrls()

#: Slots of the workers until the first states of the database: no job is held.
MANY_SLOTS = 10_000

#: Milliseconds.
HOUR = 3_600_000

_RESPONDERS: dict[type, Responder] = {
    CreatePosts: final_responses.created_posts,
    CreatePost: final_responses.created_post,
    EditPost: final_responses.edited_post,
    FetchPreview: final_responses.fetched_preview,
    RenderText: final_responses.rendered_text,
}


#: The id of the key of `by`.
BY = "0192f0c8-0000-7000-8000-00000000000b"


def by(account: str = "me", *, admin: bool = False) -> Caller:
    """The caller of a request."""
    scopes = {"read", "write", "admin"} if admin else {"read", "write"}
    return Caller(BY, account, frozenset(scopes))


class Rig:
    """The parts, wired as in service.py, with shortcuts for tests."""

    def __init__(
        self,
        store: Store,
        preview_wait: float = 30.0,
        responders: Sequence[Responder] = final_responses.RESPONDERS,
        urls: PreviewUrls = ANY_URLS,
    ) -> None:
        self.store = store
        self.metrics = Metrics("api")
        self.published: list[Row] = []
        self.joined: dict[str, JobOwner] = {}
        self.changes = 0
        self.broker_is_up = True
        #: The ids of jobs that the dispatcher still publishes.
        self.publishing: set[str] = set()
        #: The monotonic clock of the signs, in seconds.
        self.clock = 1000.0
        self.signs = SignsOfLoss(lambda: self.clock)
        self.urls = urls
        self.tasks = Tasks(Responders(responders), 3600, self.metrics, urls)
        self.router, self.ledger = Router(), Ledger(lambda: self.clock)
        self.router.update({kind: KindState(kind, MANY_SLOTS, 1.0) for kind in KINDS}, 0)
        self.fair = FairPublishing(store, self.ledger, self.router)
        self.ingest = Ingest(
            store, self.tasks, self.metrics, preview_wait, self.router, self.ledger
        )
        transactions = TaskTransactions(store, self.tasks, self.metrics, self, self.router)
        self.acceptor = Acceptor(transactions)
        self.feed = Feed(store)
        self.outbox = Outbox(store)
        self.recorder = Recorder(store, self.metrics, uuid.uuid4().hex[:12], gauges=True)
        self.reconciler = Reconciler(
            store,
            self.tasks,
            self.ingest,
            self.metrics,
            Retention(tombstones=HOUR, events=HOUR),
            broker_is_up=lambda: self.broker_is_up,
            is_publishing=lambda row: row["id"] in self.publishing,
            signs=self.signs,
            after_commit=self,
            router=self.router,
        )

    # -- AfterCommit: notes the calls of transactions ---------------------------------------------

    def publish(self, jobs: Sequence[Row], joined: Mapping[str, JobOwner]) -> None:
        """Note published jobs, and owners that join the jobs of others."""
        self.published += [dict(row) for row in jobs if not row["held"]]
        self.joined.update(joined)

    def changed(self) -> None:
        """Count commits, and number their events."""
        self.changes += 1
        self.number()

    def number(self) -> None:
        """Give all committed events their ids, as sequencers do."""
        while not self.store.is_sqlite:
            made = self.outbox.number_first()
            if made.has_lock and not made.numbered:
                return

    # -- requests of clients ---------------------------------------------------------------------

    def accept(
        self,
        command: Command,
        account: str = "me",
        key: str | None = None,
        fingerprint: str = "f",
        *,
        responder: str | None = None,
    ) -> TaskState:
        """Accept a command, with the responder of its view unless another one is named."""
        work = command.command if isinstance(command, Telling) else command
        usual = next(each for kind, each in _RESPONDERS.items() if isinstance(work, kind))
        name = responder or usual.__name__
        known_by = fingerprint if key else None
        return self.acceptor.accept(Submission(account, command, name, key, known_by))

    def post(
        self,
        text: str = "hello",
        account: str = "me",
        channel: str = "general",
        key: str | None = None,
        fingerprint: str = "f",
    ) -> TaskState:
        """Accept a post."""
        return self.accept(CreatePost(PostInput(text, channel)), account, key, fingerprint)

    def edit(
        self, post_id: str, text: str, preconditions: Preconditions = NO_PRECONDITIONS
    ) -> TaskState:
        """Accept an edit by `me`."""
        return self.accept(EditPost(post_id, text, preconditions, self.urls, by()))

    def cancel(self, task_id: str, account: str = "me") -> None:
        """Cancel a task."""
        self.acceptor.cancel(by(account), task_id, NO_PRECONDITIONS)

    def delete_post(
        self,
        post_id: str,
        account: str = "me",
        preconditions: Preconditions = NO_PRECONDITIONS,
        *,
        admin: bool = False,
    ) -> None:
        """Delete a post."""
        self.acceptor.delete_post(post_id, by(account, admin=admin), preconditions)

    # -- outcomes of workers ---------------------------------------------------------------------

    def apply(self, *outcomes: JobOutcome) -> list[Row]:
        """Apply outcomes in one batch, and return the new jobs."""
        new_jobs = self.ingest.apply(outcomes).jobs
        self.number()
        return new_jobs

    def rendered(self, job: Row, *links: str, html: str = "<p>hello</p>") -> list[Row]:
        """Apply a render, and return the new jobs."""
        return self.apply(rendered(job, links, html))

    def scraped(self, job: Row, title: str = "Title") -> list[Row]:
        """Apply a scrape, and return the new jobs."""
        return self.apply(scraped(job, title))

    def reconcile(self) -> None:
        """Run one iteration of the reconciler. No duty may fail."""
        self.reconciler.run_once()
        self.number()
        assert not self.reconciler.failed

    # -- rows of the database --------------------------------------------------------------------

    def rows(self, table: str | Table, **where: Any) -> list[Row]:
        """The rows of a table, in the order of their keys."""
        of = metadata.tables[str(table)]
        wanted = select(of).filter_by(**where).order_by(*of.primary_key.columns)
        with self.store.read() as tx:
            return [dict(row) for row in tx.execute(wanted).mappings()]

    def row(self, table: str | Table, **where: Any) -> Row:
        """The one row."""
        (row,) = self.rows(table, **where)
        return row

    def count(self, table: str | Table) -> int:
        """How many rows a table has."""
        of = metadata.tables[str(table)]
        with self.store.read() as tx:
            return tx.execute(select(func.count()).select_from(of)).scalar_one()

    def task(self, state: TaskState) -> Row:
        """A task's row."""
        return self.row("tasks", id=state.id)

    def job(self, state: TaskState, kind: str = "render") -> Row:
        """A task's one job of a kind."""
        return self.row("jobs", task_id=state.id, kind=kind)

    def change(self, table: Table, **values: Any) -> None:
        """Set columns of all rows, as if time had passed."""
        with self.store.write() as tx:
            tx.execute(update(table).values(values))

    # -- responses for clients -------------------------------------------------------------------

    def final(self, state: TaskState, account: str = "me") -> Final | None:
        """A task's final response, if it is done."""
        return self.acceptor.get(by(account), state.id).final

    def body(self, state: TaskState) -> Any:
        """The body of the final response of a finished task."""
        final = self.final(state)
        assert final is not None
        return msgspec.json.decode(final.body)

    def read_post(self, post_id: str) -> Post | None:
        """A post as the API shows it."""
        with self.store.read() as tx:
            return read_posts(tx, [post_id], self.urls).get(post_id)

    def events(self) -> list[tuple[str, Any]]:
        """All events: their kinds and data."""
        with self.store.read() as tx:
            rows = tx.execute(select(events.c.kind, events.c.data).order_by(events.c.id))
            return [(row.kind, msgspec.json.decode(row.data)) for row in rows]

    def kinds(self) -> list[str]:
        """The kinds of all events."""
        return [kind for kind, _ in self.events()]

    def metric(self, name: str, **labels: str) -> float:
        """The value of a counter, summed over the other labels."""
        return sum(
            (
                sample.value
                for family in self.metrics.counter(name).collect()
                for sample in family.samples
                if sample.name == name and labels.items() <= sample.labels.items()
            ),
            0.0,
        )


def done(result: Any) -> Done:
    """A worker's result."""
    return Done(msgspec.Raw(encode(result)))


def retry(after: float = 5.0) -> RetryLater:
    """A worker's request for another attempt."""
    return RetryLater(after, "busy")


def failed(reason: str = "broken") -> Failed:
    """A worker's final failure."""
    return Failed(reason, "it does not work")


def outcome_of(
    job: Row, outcome: Report, attempt: int | None = None, took: float = 0.1, slots: int = 1
) -> JobOutcome:
    """A worker's message about this attempt."""
    return JobOutcome(
        job=job["id"],
        kind=job["kind"],
        attempt=attempt or job["attempt"],
        outcome=outcome,
        took=took,
        worker="test",
        task=job["task_id"],
        slots=slots,
    )


def rendered(job: Row, links: Sequence[str] = (), html: str = "<p>hello</p>") -> JobOutcome:
    """A successful render."""
    return outcome_of(job, done(RenderResult(html, list(links))))


def scraped(job: Row, title: str = "Title") -> JobOutcome:
    """A successful scrape."""
    return outcome_of(job, done(ScrapeResult(title=title)))
