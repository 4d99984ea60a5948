"""JSON models of the status for admins: jobs, tasks, and the accounts that wait."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from splitflap_api.contract.models import Count


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


class Status(msgspec.Struct):
    """Work in progress, and dead letters."""

    jobs: list[JobCount]
    waiting_accounts: list[AccountCount]
    dead: Count
    running_tasks: Count
