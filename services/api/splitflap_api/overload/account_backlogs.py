"""The accounts whose own work waits too long, as the backlog's loop found them last.

Requests and the hub read them here, in memory. An account without many waiting jobs has no entry.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from splitflap_api.contract.problems import Problem

Fields = list[tuple[str, str]]

#: Largest Retry-After in seconds.
MAX_RETRY_AFTER = 30


@dataclass(frozen=True)
class AccountBacklog:
    """The wait of an account's jobs of one kind, and its limit; both in seconds.

    It is the age of those that wait, or the expected wait of new ones, if that is longer.
    """

    doing: str
    age: float
    limit: float

    @property
    def pressure(self) -> float:
        """The age as a share of its limit. Above 1 the API refuses the account's new work."""
        return self.age / self.limit

    @property
    def is_too_old(self) -> bool:
        return self.age > self.limit

    @property
    def retry_after(self) -> int:
        """Seconds. The age falls by a second in a second only if enough workers run."""
        return min(MAX_RETRY_AFTER, max(1, math.ceil(self.age - self.limit)))

    def fields(self) -> Fields:
        """The RateLimit fields of a response (draft-ietf-httpapi-ratelimit-headers-11).

        The quota is an age, so its unit is a second. `r` is what is left of it. The time until the
        whole quota is back is unknown, so `t` is there only with Retry-After.
        """
        left = max(0, math.floor(self.limit - self.age))
        wait = f";t={self.retry_after}" if self.is_too_old else ""
        return [
            ("RateLimit-Policy", f'"backlog";q={math.floor(self.limit)};qu="seconds"'),
            ("RateLimit", f'"backlog";r={left}{wait}'),
        ]

    def problem(self) -> Problem:
        """The refusal of new work."""
        wait = f"new work of this account would wait {self.age:.0f} s"
        detail = f"{wait}: its earlier work is {self.doing}"
        return Problem("backlog", detail, headers={"Retry-After": str(self.retry_after)})


def _no_account(_secret: str) -> str | None:
    return None


@dataclass
class AccountBacklogs:
    """The last result, and the accounts of keys."""

    #: The account of a key, from memory; None for a key that this process does not know.
    account_of: Callable[[str], str | None] = _no_account
    #: The backlogs of jobs of the normal urgency, by account.
    normal: Mapping[str, AccountBacklog] = field(default_factory=dict)
    #: Those of low jobs. They refuse low requests only.
    low: Mapping[str, AccountBacklog] = field(default_factory=dict)
    #: Whether the normal jobs of some account are too old.
    refuses: bool = False

    def update(
        self, normal: Mapping[str, AccountBacklog], low: Mapping[str, AccountBacklog]
    ) -> None:
        """Replace the last result."""
        self.normal, self.low = normal, low
        self.refuses = any(each.is_too_old for each in normal.values())

    def __bool__(self) -> bool:
        """Whether some account has an entry."""
        return bool(self.normal or self.low)

    def of(self, account: str, *, low: bool) -> AccountBacklog | None:
        """The backlog that counts for new work of this account, if there is one."""
        normal = self.normal.get(account)
        if not low or (normal and normal.is_too_old):
            return normal
        return self.low.get(account) or normal
