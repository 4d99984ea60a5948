"""JSON models for operators: the status and its history, the accounts that wait, the audit."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from splitflap_api.contract.models import Count, Id, Next, Time


class JobCount(msgspec.Struct):
    """Jobs of one kind in one state, and the age of the oldest.

    The states are `unpublished`, `unfinished`, and `held` or `held_low`: normal and low jobs that
    wait for their account's turn.
    """

    kind: str
    state: str
    count: Count
    oldest_seconds: Annotated[float, Meta(ge=0)]


class AccountCount(msgspec.Struct):
    """The number of accounts whose jobs of one kind wait for their turn."""

    kind: str
    count: Count


WhyHeld = Annotated[
    Literal["share", "window", "overdue_texts", "low"],
    Meta(
        description="Why the jobs are held: `share`, other accounts have their turn; `window`, the "
        "account is alone and the workers are busy; `overdue_texts`, many of its texts used up "
        "their deadline, so it has one under way at a time; `low`, all are low and yield to others."
    ),
]


class WaitingAccount(msgspec.Struct):
    """An account whose jobs of one kind wait for their turn."""

    account: str
    kind: str
    held: Annotated[
        Count, Meta(description="Its held jobs; 1,000 normal and 1,000 low ones are counted.")
    ]
    oldest_seconds: Annotated[float, Meta(ge=0, description="The wait of its oldest held job.")]
    used_seconds: Annotated[
        float, Meta(ge=0, description="Its use of the workers in the last ten seconds or so.")
    ]
    mean_seconds: Annotated[
        float | None,
        Meta(description="The mean time of its jobs; null before the first one."),
    ]
    why: WhyHeld


class WaitingAccounts(msgspec.Struct):
    """The ten accounts with the oldest held jobs, oldest first."""

    items: list[WaitingAccount]


class Pods(msgspec.Struct):
    """The pods of a Deployment, as Kubernetes tells."""

    wanted: Annotated[
        Count, Meta(description="The number that its autoscaler, or its manifest, has set.")
    ]
    ready: Count


_NO_PODS = "null without Kubernetes, or without the right to ask it."


class KindStatus(msgspec.Struct):
    """The queues and the workers of one kind of job.

    A field is null if this replica does not know it: one without the role `outcomes` does not ask
    the broker, and nobody knows a mean before the first outcome.
    """

    kind: str
    consumers: Annotated[
        Count | None,
        Meta(description="Worker processes that are connected: the consumers of its normal queue."),
    ]
    slots: Annotated[
        Count | None,
        Meta(description="Jobs that all workers compute at a time."),
    ]
    queue_ready: Annotated[Count | None, Meta(description="Messages in its two queues.")]
    in_flight: Annotated[
        Count, Meta(description="Jobs whose messages have left the queues: those of the workers.")
    ]
    mean_seconds: Annotated[float | None, Meta(description="The mean time of a job lately.")]
    wanted: Annotated[
        Count | None,
        Meta(
            description="Worker processes that the present work needs, by the rule of the chart "
            "with its default constants, before the bounds of an autoscaler; 0 while idle."
        ),
    ]
    pods: Annotated[Pods | None, Meta(description=f"Pods of its workers; {_NO_PODS}")]


_Rate = Annotated[float, Meta(ge=0)]


class Rates(msgspec.Struct):
    """Numbers per second over the last minute, of all replicas together.

    Each replica adds its numbers every ten seconds.
    """

    accepted: Annotated[_Rate, Meta(description="Requests accepted with 202.")]
    finished: Annotated[_Rate, Meta(description="Final responses.")]
    failed: Annotated[_Rate, Meta(description="Those of them with a status from 400.")]
    refused: Annotated[_Rate, Meta(description="Requests shed with 429 or 503.")]
    render: Annotated[_Rate, Meta(description="Renders that ended.")]
    scrape: Annotated[_Rate, Meta(description="Scrapes that ended.")]


class Shedding(msgspec.Struct):
    """A reason why this replica sheds requests, or shed some in the last ten seconds."""

    reason: Annotated[
        str,
        Meta(description="Label `why` of the metric splitflap_http_shed_total."),
    ]
    detail: str


class BrokerStatus(msgspec.Struct):
    """The connection of this replica to the broker."""

    up: bool
    detail: Annotated[str | None, Meta(description="What is wrong; null if nothing is.")]


class Status(msgspec.Struct):
    """Work in progress, dead letters, the workers, and what this replica sheds."""

    jobs: list[JobCount]
    waiting_accounts: list[AccountCount]
    dead: Count
    running_tasks: Count
    kinds: list[KindStatus]
    rates: Rates
    shedding: list[Shedding]
    broker: BrokerStatus
    streams: Annotated[
        Count, Meta(description="Open event streams of all replicas, those of the status included.")
    ]
    replica: Annotated[str, Meta(description="The replica that made this response.")]
    api_replicas: Annotated[
        Count, Meta(description="Replicas of the API that ran in the last 30 seconds.")
    ]
    api_pods: Annotated[
        Pods | None, Meta(description=f"Pods of the API that serve requests; {_NO_PODS}")
    ]


class Series(msgspec.Struct):
    """The values of one name, oldest first; null for a step without a replica."""

    name: str
    values: list[float | None]


class StatusHistory(msgspec.Struct):
    """The last hour in steps of ten seconds, of all replicas together."""

    step_seconds: Count
    until: Annotated[Time, Meta(description="The end of the last step.")]
    series: Annotated[
        list[Series],
        Meta(
            description="Counts in a step: `accepted`, `finished`, `failed`, `refused`, "
            "`render_done`, `scrape_done`. Values at its end: `running` (tasks), `render_waiting` "
            "and `scrape_waiting` (jobs), `render_oldest` and `scrape_oldest` (seconds), `dead`, "
            "`streams`."
        ),
    ]


class DeadLetterCount(msgspec.Struct):
    """How many dead letters match."""

    count: Count
    complete: Annotated[
        bool, Meta(description="False if the time of the request did not suffice for all of them.")
    ]


class AuditEntry(msgspec.Struct):
    """A change that an operator made."""

    id: Id
    at: Time
    account: str
    key_id: Id
    session_id: Annotated[Id | None, Meta(description="The session of a browser, if it was one.")]
    action: Annotated[str, Meta(examples=["dead.replayed"])]
    detail: Annotated[str, Meta(description="In words, with numbers and ids.")]


class Audit(msgspec.Struct):
    """A page of changes, newest first. See `next`."""

    items: list[AuditEntry]
    next: Next
