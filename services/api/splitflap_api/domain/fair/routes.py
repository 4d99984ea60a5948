"""Routes: whether a new job goes to the broker at once, and to which queue.

While the workers keep up, every job goes direct. Otherwise a job of a sparse account goes express,
as the first packets of a flow do in FQ-CoDel (RFC 8290, section 4.1). All other jobs are held for
their account's turn.
"""

from collections import Counter, OrderedDict
from collections.abc import Mapping
from enum import Enum
from typing import Any

from splitflap_core.contracts import Kind
from splitflap_core.kinds import KINDS

from splitflap_api.domain.fair.kind_state import LOW_PART, KindState
from splitflap_api.domain.fair.shares import NO_ACCOUNT, JobOwner, ShareKey

#: The time of a job of an account with many jobs and no known mean, in milliseconds.
UNKNOWN_COST = 50.0
MANY_UNKNOWN = 8

#: Costs of accounts that a process remembers.
MOST_COSTS = 10_000


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


class Router:
    """Chooses routes in one process, by the last states of the kinds and by its own choices."""

    def __init__(self) -> None:
        self._snapshots = {kind: _Snapshot(KindState.none(kind), 0) for kind in KINDS}
        self._costs: OrderedDict[ShareKey, float] = OrderedDict()

    @property
    def states(self) -> Mapping[Kind, KindState]:
        """The state of each kind, as the database had it last."""
        return {kind: snapshot.state for kind, snapshot in self._snapshots.items()}

    def update(self, states: Mapping[Kind, KindState], now: int) -> None:
        """Use newer states. `now` is the database's clock."""
        for kind, state in states.items():
            self._snapshots[kind] = _Snapshot(state, now)
            for key, share in state.shares.items():
                self._costs[key] = share.cost
                self._costs.move_to_end(key)
        while len(self._costs) > MOST_COSTS:
            self._costs.popitem(last=False)

    def is_holding(self, kind: Kind | None = None) -> bool:
        """Whether jobs are held: of this kind, or of any."""
        snapshots = [self._snapshots[kind]] if kind else self._snapshots.values()
        return any(snapshot.is_holding for snapshot in snapshots)

    def route(self, kind: Kind, owner: JobOwner) -> Route:
        """The route of one more job."""
        if owner.account == NO_ACCOUNT:
            return Route.DIRECT
        snapshot, key = self._snapshots[kind], ShareKey(kind, *owner)
        cost = self._cost(snapshot, key)
        route = _choose(snapshot, key, cost)
        snapshot.note(key, route, cost)
        return route

    def _cost(self, snapshot: "_Snapshot", key: ShareKey) -> float:
        cost = self._costs.get(key)
        if cost is not None:
            return cost
        snapshot.unknown[key] += 1
        mean = snapshot.state.mean
        return mean if snapshot.unknown[key] <= MANY_UNKNOWN else max(mean, UNKNOWN_COST)


class _Snapshot:
    """A state, and the jobs of this process since."""

    def __init__(self, state: KindState, now: int) -> None:
        self._now = now
        self.state = state
        self.held = state.held
        self.held_low = state.held_low
        self.held_overdue = state.held_overdue
        self.work = state.work
        self.express_work = state.express_work
        self.by_owner: Counter[ShareKey] = Counter()
        self.unknown: Counter[ShareKey] = Counter()

    @property
    def is_holding(self) -> bool:
        """Whether any jobs are held."""
        return self.held or self.held_low or self.held_overdue

    @property
    def room(self) -> float:
        """The room in the window. Below 0 it is over-full."""
        return self.state.window - self.work

    def has_many_overdue(self, key: ShareKey) -> bool:
        """Whether the account has sent many overdue texts lately."""
        share = self.state.shares.get(key)
        return share is not None and share.has_many_overdue(self._now)

    def is_sparse(self, key: ShareKey, cost: float) -> bool:
        """Whether the account uses less than half of its fair share. Its only job is sparse."""
        share = self.state.shares.get(key)
        used = share.used_lately(self._now) if share else 0.0
        used += self.state.jobs.get(key, 0) * cost + self.by_owner[key]
        return used < cost or used + cost <= self.state.fair_share / 2

    def note(self, key: ShareKey, route: Route, cost: float) -> None:
        """Count a job by its route."""
        if route is Route.HELD:
            overdue = self.has_many_overdue(key)
            self.held_overdue |= overdue
            self.held_low |= key.low
            self.held |= not (overdue or key.low)
            return
        self.work += cost
        self.express_work += cost if route is Route.EXPRESS else 0.0
        self.by_owner[key] += cost  # type: ignore[assignment]  # a Counter of milliseconds


def _choose(snapshot: _Snapshot, key: ShareKey, cost: float) -> Route:
    state = snapshot.state
    if snapshot.has_many_overdue(key):
        return Route.HELD
    if key.low:
        is_full = snapshot.room < state.window * (1 - LOW_PART)
        return Route.HELD if snapshot.held or snapshot.held_low or is_full else Route.DIRECT
    if not snapshot.held and snapshot.room > 0:
        return Route.DIRECT
    if not snapshot.is_sparse(key, cost):
        return Route.HELD
    if not state.express:
        return Route.DIRECT
    return Route.HELD if snapshot.express_work >= state.express_window else Route.EXPRESS
