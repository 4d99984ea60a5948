"""Routes: whether a new job goes to the broker at once, and to which queue.

While the workers keep up, every job goes direct. Otherwise a job of a sparse account goes express,
as the first packets of a flow do in FQ-CoDel (RFC 8290, section 4.1). All other jobs are held for
their account's turn.
"""

from collections import Counter, OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from splitflap_core.contracts import Kind
from splitflap_core.kinds import KINDS

from splitflap_api.domain.fair.shares import DECAY, MANY_SLOW, NO_ACCOUNT, JobOwner, Share, ShareKey

#: How long a direct or released job waits for its worker at most, in milliseconds. Workers hold
#: half a second of it, and the publisher runs ten times in the rest.
WINDOW = 2_000.0

#: The same for express jobs.
EXPRESS_WINDOW = 500.0

#: The share of the window for low jobs: a job of normal urgency never waits for a full one.
LOW_WINDOW = 0.5

#: Before the first outcome: the slots of the workers, and the mean time of a job in milliseconds.
FIRST_SLOTS: Mapping[Kind, int] = {"render": 1, "scrape": 50}
FIRST_MEAN: Mapping[Kind, float] = {"render": 5.0, "scrape": 500.0}

#: The time of a job of an account with many jobs and no known mean, in milliseconds.
UNKNOWN_COST = 50.0
MANY_UNKNOWN = 8

#: The least time of a job in milliseconds. No mean is 0.
LEAST_COST = 0.1

#: Means of accounts that a process remembers.
MOST_MEANS = 10_000


class Route(Enum):
    """The way of a job to its worker."""

    #: To the kind's queue, after the commit.
    DIRECT = "direct"
    #: To the kind's express queue, after the commit.
    EXPRESS = "express"
    #: It waits in the database for its account's turn.
    HELD = "held"

    def columns(self, due_at: int) -> dict[str, Any]:
        """The columns of a job. An unconfirmed message is due again at `due_at`."""
        is_held = self is Route.HELD
        return {
            "held": is_held,
            "express": self is Route.EXPRESS,
            "due_at": None if is_held else due_at,
        }


@dataclass
class KindState:
    """What the database knows about the jobs of one kind. Times are in milliseconds."""

    kind: Kind
    slots: int
    mean: float
    #: Whether workers consume the express queue.
    express: bool = False
    #: Whether normal jobs are held, and whether low ones are.
    held: bool = False
    held_low: bool = False
    #: Whether jobs of accounts with many slow texts are held. They only wait for each other.
    held_slow: bool = False
    #: The time that the jobs at the broker and the workers will take: of all, and of express jobs.
    released: float = 0.0
    released_express: float = 0.0
    #: The number of accounts that have jobs here.
    active: int = 0
    #: The shares of accounts with jobs at the broker, and of those with much use.
    shares: Mapping[ShareKey, Share] = field(default_factory=dict)
    #: Jobs at the broker and the workers, by their owner.
    jobs: Counter[ShareKey] = field(default_factory=Counter)
    #: The accounts that had the last turn, of normal and of low jobs.
    turn: str = ""
    low_turn: str = ""

    @classmethod
    def none(cls, kind: Kind) -> "KindState":
        """The state of a kind without jobs and outcomes."""
        return cls(kind, FIRST_SLOTS[kind], FIRST_MEAN[kind])

    @property
    def window(self) -> float:
        """The time of jobs that may be at the broker and the workers."""
        return self.slots * (WINDOW + self.mean)

    @property
    def express_window(self) -> float:
        """The same for express jobs, which have slots of their own."""
        return max(1, self.slots // 8) * (EXPRESS_WINDOW + self.mean)

    @property
    def fair_share(self) -> float:
        """The recent use of an account that has its fair share."""
        return self.slots * DECAY / max(2, self.active)

    @property
    def is_holding(self) -> bool:
        """Whether any jobs are held."""
        return self.held or self.held_low or self.held_slow

    def share(self, key: ShareKey, now: int) -> Share:
        """The known share of an owner, or a new one."""
        return self.shares.get(key) or Share.new(self.mean, now)

    def add_released(self, key: ShareKey, jobs: int, *, express: bool = False) -> None:
        """Count jobs of an owner as being at the broker."""
        share = self.shares.get(key)
        work = jobs * max(LEAST_COST, share.mean if share else self.mean)
        self.jobs[key] += jobs
        self.released += work
        self.released_express += work if express else 0.0


class Router:
    """Chooses routes in one process, by the last look at the database and by its own choices."""

    def __init__(self) -> None:
        self._looks = {kind: _Look(KindState.none(kind)) for kind in KINDS}
        self._means: OrderedDict[ShareKey, float] = OrderedDict()
        #: The database's clock at the last look.
        self._now = 0

    def update(self, states: Mapping[Kind, KindState], now: int) -> None:
        """Use another look at the database. `now` is the database's clock."""
        self._now = now
        for kind, state in states.items():
            self._looks[kind] = _Look(state)
            for key, share in state.shares.items():
                self._means[key] = share.mean
                self._means.move_to_end(key)
        while len(self._means) > MOST_MEANS:
            self._means.popitem(last=False)

    def is_holding(self, kind: Kind | None = None) -> bool:
        """Whether jobs are held: of this kind, or of any."""
        looks = [self._looks[kind]] if kind else self._looks.values()
        return any(look.holds for look in looks)

    def route(self, kind: Kind, owner: JobOwner) -> Route:
        """The route of one more job."""
        if owner.account == NO_ACCOUNT:
            return Route.DIRECT
        look, key = self._looks[kind], ShareKey(kind, *owner)
        cost = self._cost(look, key)
        route = self._choose(look, key, cost)
        look.note(key, route, cost)
        return route

    def _choose(self, look: "_Look", key: ShareKey, cost: float) -> Route:
        state = look.state
        share = state.shares.get(key)
        room = state.window - state.released - look.work
        if share and share.is_slow(self._now):
            return Route.HELD
        if key.low:
            waits = look.held or look.held_low or room < state.window * (1 - LOW_WINDOW)
            return Route.HELD if waits else Route.DIRECT
        if not look.held and room > 0:
            return Route.DIRECT
        if not self._is_sparse(look, key, cost):
            return Route.HELD
        if not state.express:
            return Route.DIRECT
        full = state.released_express + look.express >= state.express_window
        return Route.HELD if full else Route.EXPRESS

    def _is_sparse(self, look: "_Look", key: ShareKey, cost: float) -> bool:
        """Whether the account uses less than half of its fair share. Its only job is sparse."""
        state = look.state
        share = state.shares.get(key)
        used = share.used_lately(self._now) if share else 0.0
        used += state.jobs.get(key, 0) * cost + look.by_owner[key]
        return used < cost or used + cost <= state.fair_share / 2

    def _cost(self, look: "_Look", key: ShareKey) -> float:
        mean = self._means.get(key)
        if mean is not None:
            return max(LEAST_COST, mean)
        look.unknown[key] += 1
        known = look.unknown[key] <= MANY_UNKNOWN
        return look.state.mean if known else max(look.state.mean, UNKNOWN_COST)


class _Look:
    """A look at the database, and what this process has sent since."""

    __slots__ = ("by_owner", "express", "held", "held_low", "holds", "state", "unknown", "work")

    def __init__(self, state: KindState) -> None:
        self.state = state
        self.held = state.held
        self.held_low = state.held_low
        self.holds = state.is_holding
        self.work = 0.0
        self.express = 0.0
        self.by_owner: Counter[ShareKey] = Counter()
        self.unknown: Counter[ShareKey] = Counter()

    def note(self, key: ShareKey, route: Route, cost: float) -> None:
        """Count a job by its route."""
        if route is Route.HELD:
            share = self.state.shares.get(key)
            self.holds = True
            self.held |= not key.low and not (share and share.slow >= MANY_SLOW)
            self.held_low |= key.low
            return
        self.work += cost
        self.express += cost if route is Route.EXPRESS else 0.0
        self.by_owner[key] += cost  # type: ignore[assignment]  # a Counter of milliseconds
