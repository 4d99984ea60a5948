"""The accounts whose own work waits too long, as the loop `backlog` found them last.

Requests and the hub read them here, in memory. An account without many waiting jobs has no entry.
"""

import math
from collections.abc import Mapping
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
    wait: float
    limit: float

    @property
    def pressure(self) -> float:
        """The wait divided by its limit. Above 1 the API refuses the account's new work."""
        return self.wait / self.limit

    @property
    def exceeds_limit(self) -> bool:
        return self.wait > self.limit

    @property
    def retry_after(self) -> int:
        """Seconds. The wait falls by a second in a second only if enough workers run."""
        return min(MAX_RETRY_AFTER, max(1, math.ceil(self.wait - self.limit)))

    def fields(self) -> Fields:
        """The RateLimit fields of a response (draft-ietf-httpapi-ratelimit-headers-11).

        The quota is a wait, so its unit is a second. `r` is what is left of it. The time until the
        whole quota is back is unknown, so `t` is there only with Retry-After.
        """
        left = max(0, math.floor(self.limit - self.wait))
        wait = f";t={self.retry_after}" if self.exceeds_limit else ""
        return [
            ("RateLimit-Policy", f'"backlog";q={math.floor(self.limit)};qu="seconds"'),
            ("RateLimit", f'"backlog";r={left}{wait}'),
        ]

    def problem(self) -> Problem:
        """The refusal of new work."""
        wait = f"new work of this account would wait {self.wait:.0f} s"
        detail = f"{wait}: its earlier work is {self.doing}"
        return Problem("backlog", detail, headers={"Retry-After": str(self.retry_after)})


@dataclass
class AccountBacklogs:
    """The last result."""

    #: The backlogs of jobs of the normal urgency, by account.
    normal: Mapping[str, AccountBacklog] = field(default_factory=dict)
    #: Those of low jobs. They refuse low requests only.
    low: Mapping[str, AccountBacklog] = field(default_factory=dict)
    #: Whether the normal jobs of some account wait too long.
    refuses: bool = False

    def update(
        self, normal: Mapping[str, AccountBacklog], low: Mapping[str, AccountBacklog]
    ) -> None:
        """Replace the last result."""
        self.normal, self.low = normal, low
        self.refuses = any(each.exceeds_limit for each in normal.values())

    def __bool__(self) -> bool:
        """Whether some account has an entry."""
        return bool(self.normal or self.low)

    def of(self, account: str, *, low: bool) -> AccountBacklog | None:
        """The backlog that counts for new work of this account, if there is one."""
        normal = self.normal.get(account)
        if not low or (normal and normal.exceeds_limit):
            return normal
        return self.low.get(account) or normal
