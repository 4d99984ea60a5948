"""Shares: what an account has had of the workers' time. All times are in milliseconds."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from splitflap_core.contracts import Kind

#: The account of jobs that no client may see or cancel. No key has it. Its share is no
#: account's (low_credit.py).
NO_ACCOUNT = ""

#: The time in which a recent use decays to 1/e of its value.
DECAY = 10_000.0

#: The weight of one more job in the mean of an account.
WEIGHT_OF_JOB = 0.2

#: The largest debt or credit of an account. A larger one would repay a first guess for minutes.
MOST_DEBT = 10_000.0

#: The time after which a debt is forgotten, and after which the row is deleted.
DEBT_KEPT = 30_000
SHARE_KEPT = 600_000

#: The least time of a job. No cost is 0.
LEAST_COST = 0.1

#: Texts that used up their deadline, normal and low together, until an account has one text under
#: way at a time. A hundred jobs in time make up for one of them, if they are as urgent.
MANY_OVERDUE = 3
MADE_UP_BY_JOB = 0.01


class JobOwner(NamedTuple):
    """The account whose share a job's time is charged to. A `low` job yields to the others."""

    account: str
    low: bool = False

    @classmethod
    def of(cls, job: Any) -> "JobOwner":
        """The owner of a job's row."""
        return cls(job["account"], bool(job["low"]))


class ShareKey(NamedTuple):
    """The key of a share."""

    kind: Kind
    account: str
    low: bool

    @classmethod
    def of(cls, row: Any) -> "ShareKey":
        """The key of the share of a job's row, or of a share's row."""
        return cls(row["kind"], row["account"], bool(row["low"]))

    @property
    def other_urgency(self) -> "ShareKey":
        """The key of the account's other share of this kind: the low one, or the normal one."""
        return self._replace(low=not self.low)


@dataclass(slots=True)
class Charge:
    """The time of attempts that an account must still be charged for."""

    jobs: int = 0
    took: float = 0.0
    overdue: int = 0
    #: Jobs that came back because they could only wait, and the time of that. These are paid for
    #: too, but their time says nothing about the time of the jobs.
    waits: int = 0
    waited: float = 0.0

    def add(self, other: "Charge") -> None:
        """Add another charge of the same account."""
        self.jobs += other.jobs
        self.took += other.took
        self.overdue += other.overdue
        self.waits += other.waits
        self.waited += other.waited

    def surplus(self, cost: float) -> float:
        """The time beyond what the turns of these jobs have paid: `cost` for each."""
        return self.took + self.waited - (self.jobs + self.waits) * cost


@dataclass(frozen=True, slots=True)
class Share:
    """One row of the table."""

    deficit: float
    #: The mean time of a job. Before the first charge it is a guess.
    mean: float
    #: The recent time of the workers, and the number of recent jobs. Both decay.
    used: float
    jobs: float
    overdue: float
    overdue_at: int | None
    updated_at: int

    @classmethod
    def of(cls, row: Any) -> "Share":
        """A share's row."""
        return cls(**{name: row[name] for name in cls.__slots__})

    @classmethod
    def new(cls, mean: float, now: int) -> "Share":
        """The share of an account that has had nothing lately. `mean` is a guess."""
        return cls(0.0, mean, 0.0, 0.0, 0.0, None, now)

    def row(self) -> dict[str, Any]:
        """Its columns without the key."""
        return {name: getattr(self, name) for name in self.__slots__}

    @property
    def cost(self) -> float:
        """The time that one more job will take."""
        return max(LEAST_COST, self.mean)

    @property
    def is_measured(self) -> bool:
        """Whether the mean is that of finished jobs."""
        return self.jobs > 0

    def used_lately(self, now: int) -> float:
        """The recent use, decayed until `now`."""
        return self.used * self._decay(now)

    def jobs_lately(self, now: int) -> float:
        """The number of recent jobs, decayed until `now`."""
        return self.jobs * self._decay(now)

    def overdue_lately(self, now: int) -> float:
        """The number of recent overdue texts that no other jobs have made up for."""
        return 0.0 if self._has_forgotten_overdue(now) else self.overdue

    def present_deficit(self, now: int) -> float:
        """The deficit now. An old debt is forgotten."""
        return 0.0 if self.deficit < 0 and self.updated_at < now - DEBT_KEPT else self.deficit

    def with_deficit(self, deficit: float, now: int) -> "Share":
        """The share after a turn."""
        return replace(
            self,
            deficit=deficit,
            used=self.used_lately(now),
            jobs=self.jobs_lately(now),
            updated_at=now,
        )

    def charged(self, charge: Charge, now: int) -> "Share":
        """The share after some attempts. Its deficit pays for the part beyond the mean."""
        mean_of_these = charge.took / charge.jobs if charge.jobs else self.mean
        weight = 1 - (1 - WEIGHT_OF_JOB) ** charge.jobs if self.is_measured else 1.0
        surplus = charge.surplus(self.mean)
        made_up = MADE_UP_BY_JOB * (charge.jobs - charge.overdue)
        return Share(
            deficit=max(-MOST_DEBT, min(self.present_deficit(now) - surplus, MOST_DEBT)),
            mean=self.mean + (mean_of_these - self.mean) * weight,
            used=self.used_lately(now) + charge.took + charge.waited,
            jobs=self.jobs_lately(now) + charge.jobs,
            overdue=max(0.0, self.overdue_lately(now) + charge.overdue - made_up),
            overdue_at=now if charge.overdue else self.overdue_at,
            updated_at=now,
        )

    def _has_forgotten_overdue(self, now: int) -> bool:
        """Whether the last overdue text was long ago, or the clock was set back since then."""
        return abs(now - (self.overdue_at or 0)) >= SHARE_KEPT

    def _decay(self, now: int) -> float:
        return math.exp(-max(0, now - self.updated_at) / DECAY)


def has_many_overdue(shares: Iterable[Share | None], now: int) -> bool:
    """Whether an account has sent many overdue texts lately, by its normal and its low share."""
    return sum(share.overdue_lately(now) for share in shares if share) >= MANY_OVERDUE
