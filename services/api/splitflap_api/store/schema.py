"""The tables. Times are milliseconds since the epoch by the database's clock; ids are UUIDv7.

Rows are locked in one order everywhere: jobs, previews, tasks, posts, waiters; within a table by
ascending key. The end of a part locks the task of its batch last, and the parts come before it.
Only the sequencer locks the counter of events. See docs/architecture.md.
"""

from typing import Any, get_args, get_type_hints

from splitflap_core.contracts import PreviewFields
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    Uuid,
    false,
    literal_column,
    text,
)
from sqlalchemy.types import TypeEngine

metadata = MetaData()


def _id() -> Uuid[str]:
    return Uuid(as_uuid=False)


def _time(name: str, *, nullable: bool = False) -> "Column[int]":
    return Column(name, BigInteger, nullable=nullable)


keys = Table(
    "keys",
    metadata,
    Column("id", _id(), primary_key=True),
    Column("account", String(100), nullable=False),
    Column("name", String(200), nullable=False),
    Column("hash", String(64), nullable=False, unique=True),
    Column("scopes", String(100), nullable=False),
    # A list of channels in JSON; NULL for all (domain/access/channels.py).
    Column("channels", Text),
    _time("created_at"),
    _time("revoked_at", nullable=True),
)

#: Secrets that stand for a key for a limited time (domain/sessions.py).
sessions = Table(
    "sessions",
    metadata,
    Column("id", _id(), primary_key=True),
    Column("hash", String(64), nullable=False, unique=True),
    Column("key_id", _id(), nullable=False),
    # `page`: the cookie of a browser. `stream`: a token in the address of an event stream.
    Column("use", String(10), nullable=False),
    Column("user_agent", String(200), nullable=False, server_default=""),
    _time("created_at"),
    _time("expires_at"),
)
Index("sessions_key", sessions.c.key_id, sessions.c.use, sessions.c.id)
Index("sessions_expires_at", sessions.c.expires_at)

tasks = Table(
    "tasks",
    metadata,
    Column("id", _id(), primary_key=True),
    Column("account", String(100), nullable=False),
    Column("finish", String(50), nullable=False),
    Column("subject", Text),
    Column("revision", Integer),
    Column("state", String(10), nullable=False),
    Column("pending", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("idempotency_key", String(255)),
    Column("fingerprint", String(64)),
    # The key of the request, and the channel of its post. Both are NULL in an older replica's row.
    Column("key_id", _id()),
    Column("channel", String(100)),
    # The task of the batch that this one is a part of. It ends after all of its parts.
    Column("batch_id", _id()),
    _time("created_at"),
    _time("finish_at", nullable=True),
    _time("expires_at", nullable=True),
    Column("status", Integer),
    Column("headers", Text),
    Column("body", LargeBinary),
    # In the state `split`: the post whose HTML the body leaves out, and the size of this HTML.
    Column("html_post", _id()),
    Column("html_bytes", Integer),
    # This HTML, once the post has lost it. Triggers on posts write it, see migration 0006.
    Column("html", Text),
    # The webhooks that are told of its end, separated by spaces; NULL once they are.
    Column("webhook_ids", Text),
)
_refers = tasks.c.html_post.is_not(None)
Index("tasks_html_post", tasks.c.html_post, postgresql_where=_refers, sqlite_where=_refers)
Index("tasks_idempotency", tasks.c.account, tasks.c.idempotency_key, unique=True)
#: A parameter in place of the word would hide from the planner that the partial index fits. A plan
#: for all parameters then reads every task.
IS_RUNNING = tasks.c.state == literal_column("'running'")
Index("tasks_finish_at", tasks.c.finish_at, postgresql_where=IS_RUNNING, sqlite_where=IS_RUNNING)
Index("tasks_expires_at", tasks.c.expires_at)
# Expired tasks with their final responses, which a sweep deletes.
_full = tasks.c.body.is_not(None)
Index("tasks_full", tasks.c.expires_at, postgresql_where=_full, sqlite_where=_full)
Index("tasks_subject", tasks.c.subject)
_is_part = tasks.c.batch_id.is_not(None)
Index("tasks_batch_id", tasks.c.batch_id, postgresql_where=_is_part, sqlite_where=_is_part)

#: Ended tasks with webhooks to be told (domain/webhooks/telling.py).
IS_UNTOLD = text("webhook_ids IS NOT NULL AND state <> 'running'")
Index("tasks_untold", tasks.c.webhook_ids, postgresql_where=IS_UNTOLD, sqlite_where=IS_UNTOLD)

posts = Table(
    "posts",
    metadata,
    Column("id", _id(), primary_key=True),
    Column("channel", String(100), nullable=False),
    Column("account", String(100), nullable=False),
    Column("text", Text, nullable=False),
    Column("flavour", String(20), nullable=False, server_default="markdown"),
    Column("breaks", Boolean, nullable=False, server_default=false()),
    Column("html", Text),
    # Lists of names, in JSON, from the renderer.
    Column("mentions", Text),
    Column("channels", Text),
    Column("excerpt", Text),
    Column("state", String(10), nullable=False),
    Column("revision", Integer, nullable=False),
    # What it belongs to, as its application names it.
    Column("parent", String(200)),
    # The key that wrote this revision. Older rows have none.
    Column("key_id", _id()),
    _time("created_at"),
    _time("updated_at"),
)
Index("posts_channel", posts.c.channel, posts.c.id)
Index("posts_account", posts.c.account, posts.c.id)
# In the order of the bytes of channels, in which a beginning is one range.
Index(
    "posts_channel_account",
    *(posts.c.channel, posts.c.account, posts.c.id),
    postgresql_ops={"channel": "varchar_pattern_ops"},
)
_has_parent = posts.c.parent.is_not(None)
Index(
    "posts_parent",
    posts.c.parent,
    posts.c.id,
    postgresql_where=_has_parent,
    sqlite_where=_has_parent,
)

post_links = Table(
    "post_links",
    metadata,
    Column("post_id", _id(), ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("url", Text, nullable=False),
)
Index("post_links_url", post_links.c.url)

#: The column types of a preview's fields, all of which may be missing. Other fields are texts.
_COLUMN_TYPES: dict[object, type[TypeEngine[Any]]] = {int: Integer, bool: Boolean}
_LARGE_NUMBERS = frozenset({"file_size"})


def _preview_column(name: str, hint: object) -> "Column[Any]":
    if name in _LARGE_NUMBERS:
        return Column(name, BigInteger)
    return Column(name, _COLUMN_TYPES.get(get_args(hint)[0], Text))


previews = Table(
    "previews",
    metadata,
    Column("url", Text, primary_key=True),
    Column("state", String(10), nullable=False),
    Column("reason", String(50)),
    *(_preview_column(name, hint) for name, hint in get_type_hints(PreviewFields).items()),
    _time("fetched_at", nullable=True),
    _time("expires_at", nullable=True),
    Column("job_id", _id()),
)
Index("previews_expires_at", previews.c.expires_at)

jobs = Table(
    "jobs",
    metadata,
    Column("id", _id(), primary_key=True),
    Column("kind", String(20), nullable=False),
    # A post's id or a preview's URL; NULL for a render by itself.
    Column("subject", Text),
    Column("revision", Integer),
    Column("payload", Text, nullable=False),
    # The present attempt. It grows with each attempt that a worker ends with a RetryLater.
    Column("attempt", Integer, nullable=False),
    # Returns without an attempt, since the last attempt.
    Column("returns", Integer, nullable=False, server_default="0"),
    # Begins without an end. The first one counts once the job has come back.
    Column("begun", Integer, nullable=False, server_default="0"),
    Column("task_id", _id()),
    Column("traceparent", String(55)),
    # The account whose share the job's time is charged to; empty for a job of an older replica.
    Column("account", String(100), nullable=False, server_default=""),
    # Whether the job yields to those of the normal urgency.
    Column("low", Boolean, nullable=False, server_default=false()),
    # Whether the job waits here for its account's turn. The broker then has no message of it.
    Column("held", Boolean, nullable=False, server_default=false()),
    # Whether its message goes to the express queue.
    Column("express", Boolean, nullable=False, server_default=false()),
    _time("created_at"),
    # Start of the present wait: the due time of a retry, NULL for the creation.
    _time("waiting_since", nullable=True),
    # The first confirmed publishing of the present wait.
    _time("first_dispatched_at", nullable=True),
    # NULL while the broker has the message, and while the job is held: a job that waits for its
    # worker or its turn is not due.
    _time("due_at", nullable=True),
    _time("dispatched_at", nullable=True),
    # Unused. Replicas of the release before revision 0005 still write it.
    _time("deadline", nullable=True),
)
_due = jobs.c.due_at.is_not(None)
Index("jobs_due", jobs.c.due_at, postgresql_where=_due, sqlite_where=_due)
#: Conditions on jobs. A query uses a partial index of SQLite only if it has the same words.
IS_HELD = text("held")
IS_RELEASED = text("NOT held")
Index(
    "jobs_held",
    jobs.c.kind,
    jobs.c.low,
    jobs.c.account,
    jobs.c.id,
    postgresql_where=IS_HELD,
    sqlite_where=IS_HELD,
)
Index(
    "jobs_released",
    jobs.c.kind,
    jobs.c.account,
    jobs.c.id,
    postgresql_where=IS_RELEASED,
    sqlite_where=IS_RELEASED,
)

#: The workers' time that each account has had, by kind of job. Times are in milliseconds.
shares = Table(
    "shares",
    metadata,
    Column("kind", String(20), primary_key=True),
    # Empty: the deficit of this share is the credit of all low jobs of the kind.
    Column("account", String(100), primary_key=True),
    # The shares of low jobs are separate: an import does not count against its account's posts.
    Column("low", Boolean, primary_key=True),
    # The credit of the deficit round robin: below 0 after jobs that took longer than their mean.
    Column("deficit", Double, nullable=False),
    # The mean time of a job.
    Column("mean", Double, nullable=False),
    # The recent time of the workers, which decays.
    Column("used", Double, nullable=False),
    # The number of recent jobs, which decays too.
    Column("jobs", Double, nullable=False),
    # Recent texts that used up their deadline, and the time of the last one.
    Column("overdue", Double, nullable=False, server_default="0"),
    _time("overdue_at", nullable=True),
    _time("updated_at"),
)
Index("shares_updated_at", shares.c.updated_at)

#: The abilities of the workers of each kind, as the last charge wrote them.
capacities = Table(
    "capacities",
    metadata,
    Column("kind", String(20), primary_key=True),
    # Jobs computed at a time by all workers.
    Column("slots", Integer, nullable=False),
    # The mean time of a job in milliseconds, over all accounts.
    Column("mean", Double, nullable=False),
    # Whether workers consume the express queue.
    Column("express", Boolean, nullable=False),
    # The accounts that had the last turn in a round, of normal and of low jobs.
    Column("last_turn", String(100), nullable=False, server_default=""),
    Column("last_low_turn", String(100), nullable=False, server_default=""),
    _time("updated_at"),
)

waiters = Table(
    "waiters",
    metadata,
    Column("job_id", _id(), primary_key=True),
    Column("task_id", _id(), primary_key=True),
)
Index("waiters_task", waiters.c.task_id)

#: Ended jobs with waiters left, which end in chunks (domain/fan_in.py).
completions = Table(
    "completions",
    metadata,
    Column("job_id", _id(), primary_key=True),
    Column("url", Text, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("channel", String(100), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("data", Text, nullable=False),
    _time("created_at"),
)
Index("events_created_at", events.c.created_at)

#: Events of PostgreSQL's transactions, until a sequencer gives them their ids (store/outbox.py).
outbox = Table(
    "outbox",
    metadata,
    # In the order in which the rows were inserted. A rolled-back transaction leaves gaps.
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("channel", String(100), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("data", Text, nullable=False),
    _time("created_at"),
)

counters = Table(
    "counters",
    metadata,
    Column("name", String(20), primary_key=True),
    Column("value", BigInteger, nullable=False),
)

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("id", _id(), primary_key=True),
    Column("queue", String(20), nullable=False),
    Column("job_id", _id()),
    # The author of the post, or the account of the task; NULL for a message and a scrape.
    Column("account", String(100)),
    Column("subject", Text),
    Column("revision", Integer),
    Column("reason", String(500), nullable=False),
    Column("body", LargeBinary, nullable=False),
    _time("created_at"),
    _time("replayed_at", nullable=True),
)
# The body lies before these columns in a row, and SQLite would read all of it.
Index("dead_letters_created_at", dead_letters.c.created_at)
_waiting = dead_letters.c.replayed_at.is_(None)
Index(
    "dead_letters_waiting",
    dead_letters.c.id,
    postgresql_where=_waiting,
    sqlite_where=_waiting,
)

#: The URLs that are told of the ends of a key's tasks (domain/webhooks/endpoints.py).
webhooks = Table(
    "webhooks",
    metadata,
    Column("id", _id(), primary_key=True),
    Column("key_id", _id(), nullable=False),
    Column("url", Text, nullable=False),
    # The events that it wants, separated by spaces.
    Column("events", String(100), nullable=False),
    # Whether it is told of all tasks of its key, or only of those whose request names it.
    Column("always", Boolean, nullable=False),
    Column("secret", String(100), nullable=False),
    # The secret before the last rotation signs too, until this time.
    Column("old_secret", String(100)),
    _time("old_secret_until", nullable=True),
    # The number of its last delivery.
    Column("sequence", BigInteger, nullable=False, server_default="0"),
    # Failed tries since the last delivery that arrived.
    Column("failures", Integer, nullable=False, server_default="0"),
    # The time of the first of these.
    _time("failing_since", nullable=True),
    # Deliveries that have not arrived and are forgotten, because too many came after them.
    Column("dropped", BigInteger, nullable=False, server_default="0"),
    _time("disabled_at", nullable=True),
    Column("disabled_by", String(20)),
    _time("created_at"),
)
Index("webhooks_key", webhooks.c.key_id, webhooks.c.id)

#: Messages to webhooks: the outbox, and their history.
deliveries = Table(
    "deliveries",
    metadata,
    # The same at every try.
    Column("id", _id(), primary_key=True),
    Column("webhook_id", _id(), nullable=False),
    Column("task_id", _id()),
    # NULL until the loop gives it the next number of its webhook.
    Column("sequence", BigInteger),
    Column("event", String(20), nullable=False),
    # The member `data` of the body, in JSON.
    Column("data", Text, nullable=False),
    # `waiting`, `done` or `dead`.
    Column("state", String(10), nullable=False),
    # The present try, from 1.
    Column("attempt", Integer, nullable=False),
    # The time of the next try, or of the end of the lease. NULL for a delivery that has ended.
    _time("due_at", nullable=True),
    # Until then the present try is under way.
    _time("leased_until", nullable=True),
    # How the last try ended: the receiver's status, or the reason why there is none.
    Column("status", Integer),
    Column("reason", String(50)),
    _time("created_at"),
    _time("expires_at"),
)
Index("deliveries_webhook", deliveries.c.webhook_id, deliveries.c.id)
Index("deliveries_sequence", deliveries.c.webhook_id, deliveries.c.sequence)
Index("deliveries_expires_at", deliveries.c.expires_at)
IS_UNNUMBERED = text("sequence IS NULL")
#: Of all endpoints. The index of the due times of all has this condition, so that PostgreSQL does
#: not take it for those of one endpoint, and read the backlogs of the others.
IS_WAITING = text("state = 'waiting'")
_has_due = deliveries.c.due_at.is_not(None)
_has_lease = deliveries.c.leased_until.is_not(None)
for _name, _columns, _where in (
    ("deliveries_unnumbered", (deliveries.c.created_at,), IS_UNNUMBERED),
    ("deliveries_due", (deliveries.c.webhook_id, deliveries.c.due_at), _has_due),
    ("deliveries_due_at", (deliveries.c.due_at,), IS_WAITING),
    ("deliveries_leased", (deliveries.c.webhook_id, deliveries.c.leased_until), _has_lease),
):
    Index(_name, *_columns, postgresql_where=_where, sqlite_where=_where)

#: What each replica of the API counted in each step of ten seconds (domain/operator/history.py).
history = Table(
    "history",
    metadata,
    # The start of the step.
    Column("step", BigInteger, primary_key=True, autoincrement=False),
    Column("replica", String(20), primary_key=True),
    *(
        Column(name, BigInteger, nullable=False, server_default="0")
        for name in (
            *("accepted", "finished", "failed", "refused"),
            *("render_done", "scrape_done", "render_published", "scrape_published", "streams"),
        )
    ),
    # Values at the end of the step; NULL in the rows of all replicas but the first one.
    *(
        Column(name, Double)
        for name in (
            *("running", "render_waiting", "scrape_waiting", "render_oldest", "scrape_oldest"),
            "dead",
        )
    ),
)

#: Changes by operators.
audit = Table(
    "audit",
    metadata,
    Column("id", _id(), primary_key=True),
    _time("at"),
    Column("account", String(100), nullable=False),
    Column("key_id", _id(), nullable=False),
    Column("session_id", _id()),
    Column("action", String(30), nullable=False),
    Column("detail", Text, nullable=False),
)
Index("audit_at", audit.c.at)
