"""The state of a kind of job, and the bounds that follow from it. Times are in milliseconds."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from splitflap_core.contracts import Kind
from splitflap_core.kinds import EXPRESS_PART

from splitflap_api.domain.fair.shares import DECAY, Share, ShareKey, has_many_overdue

#: The work at the broker and the workers for each slot, beyond one job. Workers hold half a second
#: of it. The rest lasts for three of the publisher's longer pauses (REFRESH_EVERY).
WINDOW_PER_SLOT = 2_000.0

#: The same for express jobs.
EXPRESS_WINDOW_PER_SLOT = 500.0

#: The part of the window for low jobs: a job of normal urgency never waits for a full one.
LOW_PART = 0.5

#: The least part of the workers' time for low jobs.
LEAST_LOW_PART = 0.1

#: The time of a job of an account whose jobs nobody has measured.
UNKNOWN_COST = 50.0

#: Jobs of one account at the broker and the workers: so many, two for each slot, and those of four
#: seconds at its recent rate. A mean is no promise: its next texts may take far longer.
MOST_JOBS = 32
JOBS_PER_SLOT = 2
SECONDS_OF_RATE = 4.0

#: Before the first outcome: the slots of the workers, and the mean time of a job.
FIRST_SLOTS: Mapping[Kind, int] = {"render": 1, "scrape": 50}
FIRST_MEAN: Mapping[Kind, float] = {"render": 5.0, "scrape": 500.0}


@dataclass
class KindState:
    """The jobs of one kind, as the database has them. Times are in milliseconds."""

    kind: Kind
    slots: int
    mean: float
    #: Whether some process releases held jobs. Without one, as beside replicas of an earlier
    #: release, no job may be held.
    releases: bool = True
    #: Whether workers consume the express queue.
    express: bool = False
    #: Whether normal jobs are held, and whether low ones are.
    held: bool = False
    held_low: bool = False
    #: Whether jobs of accounts with many overdue texts are held. They only wait for each other.
    held_overdue: bool = False
    #: The time that the jobs at the broker and the workers will take: of all, and of express jobs.
    work: float = 0.0
    express_work: float = 0.0
    #: The number of accounts with jobs: held, at the broker or at the workers.
    active: int = 0
    #: The shares of accounts with jobs at the broker or the workers, and of busy accounts.
    shares: Mapping[ShareKey, Share] = field(default_factory=dict)
    #: Jobs at the broker and the workers, by their owner.
    jobs: Counter[ShareKey] = field(default_factory=Counter)
    #: The accounts that had the last turn, of normal and of low jobs.
    last_turn: str = ""
    last_low_turn: str = ""
    #: What a release adds to the low credit (low_credit.py).
    added_low_credit: float = 0.0

    @classmethod
    def none(cls, kind: Kind) -> "KindState":
        """The state of a kind without jobs and outcomes."""
        return cls(kind, FIRST_SLOTS[kind], FIRST_MEAN[kind], releases=False)

    @property
    def window(self) -> float:
        """The time of jobs that may be at the broker and the workers."""
        return self.slots * self.window_of_slot

    @property
    def window_of_slot(self) -> float:
        """The part of the window for one slot: the most room that one job takes."""
        return WINDOW_PER_SLOT + self.mean

    @property
    def low_window(self) -> float:
        """The work under way up to which low jobs may go."""
        return self.window * LOW_PART

    @property
    def express_window(self) -> float:
        """The same for express jobs, which have slots of their own."""
        return max(1, int(self.slots * EXPRESS_PART)) * (EXPRESS_WINDOW_PER_SLOT + self.mean)

    @property
    def fair_share(self) -> float:
        """The recent use of an account that has its fair share."""
        return self.slots * DECAY / max(2, self.active)

    @property
    def is_holding(self) -> bool:
        """Whether any jobs are held."""
        return self.held or self.held_low or self.held_overdue

    @property
    def longest_express(self) -> float:
        """The longest mean of express jobs. A longer job would hold up those of others."""
        return EXPRESS_WINDOW_PER_SLOT + self.mean

    def share(self, key: ShareKey, now: int) -> Share:
        """The known share of an owner, or a new one."""
        return self.shares.get(key) or Share.new(max(self.mean, UNKNOWN_COST), now)

    def part_of_window(self, cost: float) -> float:
        """The room that a job takes in the window: one slot at most, however long it takes."""
        return min(cost, self.window_of_slot)

    def has_many_overdue(self, key: ShareKey, share: Share, now: int) -> bool:
        """Whether the account of this share has sent many overdue texts lately, normal or low."""
        return has_many_overdue((share, self.shares.get(key.other_urgency)), now)

    def free_jobs(self, key: ShareKey, share: Share, now: int) -> int:
        """More jobs that an owner may have at the broker and the workers."""
        under_way = self.jobs.get(key, 0)
        if self.has_many_overdue(key, share, now):
            return max(0, 1 - under_way - self.jobs.get(key.other_urgency, 0))
        proven = share.jobs_lately(now) / DECAY * 1000 * SECONDS_OF_RATE
        return max(0, MOST_JOBS + JOBS_PER_SLOT * self.slots + int(proven) - under_way)

    def is_sparse(self, share: Share, under_way: int, now: int) -> bool:
        """Whether the account uses less than half of its fair share. Its only job is sparse."""
        used = share.used_lately(now) + under_way * share.cost
        return used < share.cost or used + share.cost <= self.fair_share / 2

    def low_work(self, now: int) -> float:
        """The time that the low jobs at the broker and the workers will take."""
        low = (key for key in self.jobs if key.low)
        return sum(self.jobs[key] * self.share(key, now).cost for key in low)

    def add_jobs(self, key: ShareKey, jobs: int, cost: float, *, express: bool = False) -> None:
        """Count jobs of an owner, with this cost of each, as being at the broker."""
        work = jobs * self.part_of_window(cost)
        self.jobs[key] += jobs
        self.work += work
        self.express_work += work if express else 0.0
