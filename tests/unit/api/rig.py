"""What takes requests and outcomes, on a real database, without broker and workers."""

from collections.abc import Sequence
from typing import Any

import msgspec
from splitflap_api.contract.models import NewPost, Post
from splitflap_api.domain import final_responses
from splitflap_api.domain.posts import CreatePost, EditPost, read_posts
from splitflap_api.domain.previews import FetchPreview, RenderText
from splitflap_api.domain.tasks import Tasks
from splitflap_api.store.engine import Store
from splitflap_api.store.schema import events, jobs, metadata
from splitflap_api.transactions.accept import Acceptor, Hooks
from splitflap_api.transactions.ingest import Ingest
from splitflap_core.contracts import JobOutcome, RenderResult, ScrapeResult, encode
from splitflap_core.outcomes import Done, Failed, Outcome, RetryLater
from splitflap_core.telemetry import Metrics
from sqlalchemy import func, select, update

from asyncrequest import Final, Submission, TaskState

Row = dict[str, Any]

_FINISH = {
    CreatePost: final_responses.created_post,
    EditPost: final_responses.edited_post,
    FetchPreview: final_responses.fetched_preview,
    RenderText: final_responses.rendered_text,
}


class Rig:
    """The parts, and what the tests ask of them."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.metrics = Metrics("api")
        finishers = {each.__name__: each for each in final_responses.FINISHERS}
        self.tasks = Tasks(finishers, 3600, self.metrics)
        self.ingest = Ingest(store, self.tasks, self.metrics, preview_wait=30)
        self.published: list[Row] = []
        self.changes = 0
        hooks = Hooks(self._publish, self._changed)
        self.acceptor = Acceptor(store, self.tasks, self.metrics, hooks)

    def _publish(self, rows: Sequence[Row]) -> None:
        self.published += [dict(row) for row in rows]

    def _changed(self) -> None:
        self.changes += 1

    def accept(
        self, work: Any, account: str = "me", key: str | None = None, fingerprint: str = "f"
    ) -> TaskState:
        """Accept a plan."""
        finisher = next(each for kind, each in _FINISH.items() if isinstance(work, kind))
        known_by = fingerprint if key else None
        return self.acceptor.accept(Submission(account, work, finisher.__name__, key, known_by))

    def post(self, text: str = "hello", account: str = "me", channel: str = "general") -> TaskState:
        """Accept a post."""
        return self.accept(CreatePost(NewPost(text, channel)), account)

    def edit(self, post_id: str, text: str, revisions: set[int] | None = None) -> TaskState:
        """Accept an edit by `me`."""
        wanted = None if revisions is None else frozenset(revisions)
        return self.accept(EditPost(post_id, text, wanted, admin=False))

    def apply(self, *outcomes: JobOutcome) -> list[Row]:
        """Take outcomes in one batch; the jobs that came of them."""
        return self.ingest.apply(outcomes)

    def rendered(self, job: Row, *links: str, html: str = "<p>hello</p>") -> list[Row]:
        """A renderer's answer, taken."""
        return self.apply(outcome_of(job, done(RenderResult(html, list(links)))))

    def scraped(self, job: Row, title: str = "Title") -> list[Row]:
        """A scraper's answer, taken."""
        return self.apply(outcome_of(job, done(ScrapeResult(title=title))))

    def rows(self, table: str, **where: Any) -> list[Row]:
        """The rows of a table, in the order of their keys."""
        of = metadata.tables[table]
        wanted = select(of).filter_by(**where).order_by(*of.primary_key.columns)
        with self.store.read() as tx:
            return [dict(row) for row in tx.execute(wanted).mappings()]

    def row(self, table: str, **where: Any) -> Row:
        """The one row."""
        (row,) = self.rows(table, **where)
        return row

    def task(self, state: TaskState) -> Row:
        """A task's row."""
        return self.row("tasks", id=state.id)

    def final(self, state: TaskState, account: str = "me") -> Final | None:
        """A task's final response, if it is done."""
        return self.acceptor.get(account, state.id).final

    def body(self, state: TaskState) -> Any:
        """What a task's final response says, which must be there."""
        final = self.final(state)
        assert final is not None
        return msgspec.json.decode(final.body)

    def read_post(self, post_id: str) -> Post | None:
        """A post as the API shows it."""
        with self.store.read() as tx:
            return read_posts(tx, [post_id]).get(post_id)

    def events(self) -> list[tuple[str, Any]]:
        """All events: their kinds and data."""
        with self.store.read() as tx:
            rows = tx.execute(select(events.c.kind, events.c.data).order_by(events.c.id))
            return [(row.kind, msgspec.json.decode(row.data)) for row in rows]

    def kinds(self) -> list[str]:
        """The kinds of all events."""
        return [kind for kind, _ in self.events()]

    def count(self, table: str) -> int:
        """How many rows a table has."""
        with self.store.read() as tx:
            return tx.execute(select(func.count()).select_from(metadata.tables[table])).scalar_one()

    def set_attempt(self, job: Row, attempt: int) -> Row:
        """Bring a job to a later attempt, as the reconciler does."""
        with self.store.write() as tx:
            tx.execute(update(jobs).where(jobs.c.id == job["id"]).values(attempt=attempt))
        return job | {"attempt": attempt}


def done(result: Any) -> Done:
    """A worker's result."""
    return Done(msgspec.Raw(encode(result)))


def retry(after: float = 5.0) -> RetryLater:
    """A worker that asks for another try."""
    return RetryLater(after, "busy")


def failed(reason: str = "broken") -> Failed:
    """A worker that gives up."""
    return Failed(reason, "it does not work")


def outcome_of(job: Row, outcome: Outcome) -> JobOutcome:
    """What a worker says of this attempt."""
    return JobOutcome(
        job=job["id"],
        kind=job["kind"],
        attempt=job["attempt"],
        outcome=outcome,
        took=0.1,
        worker="test",
        task=job["task_id"],
    )
