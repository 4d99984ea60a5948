"""One API without its server and broker: what it publishes is gathered, outcomes are handed in."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from splitflap_api.contract import models
from splitflap_api.domain import final_responses
from splitflap_api.domain.changes import Row
from splitflap_api.domain.posts import CreatePost, EditPost
from splitflap_api.domain.tasks import Tasks
from splitflap_api.loops.feed import Feed
from splitflap_api.loops.reconcile import Reconciler
from splitflap_api.loops.retention import Retention
from splitflap_api.store import schema
from splitflap_api.store.engine import Store
from splitflap_api.transactions.accept import Acceptor, Hooks
from splitflap_api.transactions.ingest import Ingest
from splitflap_core.contracts import JobOutcome, RenderResult, ScrapeResult, encode
from splitflap_core.outcomes import Done, Failed, Outcome
from splitflap_core.telemetry import Metrics
from sqlalchemy import Table, select, update

from asyncrequest import Submission, TaskState

#: Milliseconds.
HOUR = 3_600_000

#: Seconds that a batcher may take to stop.
STOP = 5.0


class Replica:
    """The layers of one API process, wired as in service.py."""

    def __init__(self, database_url: str | None, data_dir: str, preview_wait: float = 30.0) -> None:
        self.store = Store(database_url, data_dir, 10)
        self.metrics = Metrics("api")
        self.published: list[Row] = []
        self.broker_is_up = True
        finishers: dict[str, Callable[..., Any]] = {
            each.__name__: each for each in final_responses.FINISHERS
        }
        tasks = Tasks(finishers, 3600.0, self.metrics)
        self.ingest = Ingest(self.store, tasks, self.metrics, preview_wait)
        hooks = Hooks(self.published.extend, lambda: None)
        self.acceptor = Acceptor(self.store, tasks, self.metrics, hooks)
        self.feed = Feed(self.store, lambda: None)
        self.reconciler = Reconciler(
            self.store,
            tasks,
            self.ingest,
            self.metrics,
            Retention(tombstones=HOUR, events=HOUR),
            broker_is_up=lambda: self.broker_is_up,
            publish=self.published.extend,
            changed=lambda: None,
        )

    def close(self) -> None:
        """Stop what was started."""
        self.acceptor.stop(STOP)
        self.store.close()

    # -- what clients and workers do -------------------------------------------------------------

    def submit(self, work: Any, finisher: str, key: str | None = None, of: str = "") -> TaskState:
        """Accept some work; `of` is the body's fingerprint."""
        return self.acceptor.accept(
            Submission("author", work, finisher, idempotency_key=key, fingerprint=of or None)
        )

    def post(self, text: str = "text", key: str | None = None, of: str = "") -> TaskState:
        """Accept a post."""
        return self.submit(CreatePost(models.NewPost(text)), "created_post", key, of)

    def edit(self, post_id: str, text: str) -> TaskState:
        """Accept an edit."""
        return self.submit(EditPost(post_id, text, None, admin=False), "edited_post")

    def apply(self, *outcomes: JobOutcome) -> list[Row]:
        """Hand outcomes in; the jobs that come of them."""
        return self.ingest.apply(outcomes)

    # -- what stands in the database -------------------------------------------------------------

    def rows(self, table: Table, **equal: Any) -> list[Row]:
        """Rows of a table, by its primary key."""
        wanted = select(table).order_by(*table.primary_key)
        for name, value in equal.items():
            wanted = wanted.where(table.c[name] == value)
        with self.store.read() as tx:
            return [dict(row) for row in tx.execute(wanted).mappings()]

    def job(self, task: TaskState, kind: str = "render") -> Row:
        """The one job of a kind that was made for a task."""
        found = [row for row in self.rows(schema.jobs, task_id=task.id) if row["kind"] == kind]
        assert len(found) == 1, found
        return found[0]

    def task(self, task: TaskState) -> Row:
        """A task's row."""
        return self.rows(schema.tasks, id=task.id)[0]

    def change(self, table: Table, **values: Any) -> None:
        """Set columns of all rows: what time does elsewhere."""
        with self.store.write() as tx:
            tx.execute(update(table).values(values))

    def count(self, metric: str, **labels: str) -> float:
        """The value of a counter, added up over the labels that are not given."""
        return sum(
            (
                sample.value
                for family in self.metrics.counter(metric).collect()
                for sample in family.samples
                if sample.name == metric and labels.items() <= sample.labels.items()
            ),
            0.0,
        )


def outcome_of(job: Row, outcome: Outcome, attempt: int | None = None) -> JobOutcome:
    """What a worker says of a job."""
    return JobOutcome(
        job=job["id"],
        kind=job["kind"],
        attempt=attempt or job["attempt"],
        outcome=outcome,
        took=0.01,
        worker="test",
        task=job["task_id"],
    )


def rendered(job: Row, links: Sequence[str] = (), html: str = "<p></p>") -> JobOutcome:
    """A render that succeeded."""
    result = RenderResult(html, list(links))
    return outcome_of(job, Done(msgspec.Raw(encode(result))))


def scraped(job: Row, title: str = "Title") -> JobOutcome:
    """A scrape that succeeded."""
    return outcome_of(job, Done(msgspec.Raw(encode(ScrapeResult(title=title)))))


def failed(job: Row, attempt: int | None = None) -> JobOutcome:
    """A job that will not succeed."""
    return outcome_of(job, Failed("broken", "it broke"), attempt)
