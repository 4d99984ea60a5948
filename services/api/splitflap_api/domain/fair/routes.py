"""Routes: whether a new job goes to the broker at once, and to which queue.

While few jobs are under way, every job goes direct. In a crowd, a job of a sparse account goes
express, as the first packets of a flow do in FQ-CoDel (RFC 8290, section 4.1): it passes the jobs
of others, and its outcome passes their outcomes. A job that finds no room is held for its account's
turn.
"""

from collections import Counter, OrderedDict
from collections.abc import Mapping
from enum import Enum
from typing import Any

from splitflap_core.contracts import Kind
from splitflap_core.kinds import KINDS

from splitflap_api.domain.fair.kind_state import KindState
from splitflap_api.domain.fair.shares import NO_ACCOUNT, JobOwner, Share, ShareKey

#: Jobs of an account with an unknown mean that count as the kind's mean.
MANY_UNKNOWN = 8

#: Jobs under way, of all kinds, that make a crowd even if the windows have room: the API takes
#: their outcomes in batches.
CROWD = 16

#: An account with at most this part of a crowd passes it.
PASSING_PART = 0.25

#: Measured shares that a process remembers.
MOST_SHARES = 10_000


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
        #: Measured shares. A steady account may have no job at the moment of a state.
        self._shares: OrderedDict[ShareKey, Share] = OrderedDict()

    @property
    def states(self) -> Mapping[Kind, KindState]:
        """The last state of each kind, with the jobs of this process since."""
        return {kind: snapshot.state for kind, snapshot in self._snapshots.items()}

    def update(self, states: Mapping[Kind, KindState], now: int) -> None:
        """Use newer states. `now` is the database's clock."""
        for kind, state in states.items():
            self._snapshots[kind] = _Snapshot(state, now)
            for key, share in state.shares.items():
                if share.is_measured:
                    self._shares[key] = share
                    self._shares.move_to_end(key)
        while len(self._shares) > MOST_SHARES:
            self._shares.popitem(last=False)

    @property
    def may_hold(self) -> bool:
        """Whether some process releases the held jobs of each kind."""
        return all(snapshot.state.releases for snapshot in self._snapshots.values())

    def is_holding(self, kind: Kind | None = None) -> bool:
        """Whether jobs are held: of this kind, or of any."""
        snapshots = [self._snapshots[kind]] if kind else self._snapshots.values()
        return any(snapshot.state.is_holding for snapshot in snapshots)

    def route(self, kind: Kind, owner: JobOwner) -> Route:
        """The route of one more job."""
        snapshot, key = self._snapshots[kind], ShareKey(kind, *owner)
        if owner.account == NO_ACCOUNT or not snapshot.state.releases:
            return Route.DIRECT
        share = self._shares.get(key) or snapshot.guess(key)
        crowd = sum(each.under_way for each in self._snapshots.values())
        route = snapshot.choose(key, share, crowd)
        snapshot.note(key, route, share)
        return route


class _Snapshot:
    """A state and its time. The jobs of this process since are added to the state."""

    def __init__(self, state: KindState, now: int) -> None:
        self._now = now
        self.state = state
        self.under_way = sum(state.jobs.values())
        self.unknown: Counter[ShareKey] = Counter()

    def guess(self, key: ShareKey) -> Share:
        """The share of an account whose jobs nobody has measured."""
        self.unknown[key] += 1
        if self.unknown[key] <= MANY_UNKNOWN:
            return Share.new(self.state.mean, self._now)
        return self.state.share(key, self._now)

    def choose(self, key: ShareKey, share: Share, crowd: int) -> Route:
        """The route of one more job of an account with this share.

        `crowd` is the number of jobs under way, of all kinds.
        """
        state = self.state
        under_way = state.jobs.get(key, 0)
        overdue = state.has_many_overdue(key, share, self._now)
        if overdue or not state.free_jobs(key, share, self._now):
            return Route.HELD
        room = state.window - state.work
        if key.low:
            is_full = state.work > state.low_window
            return Route.HELD if state.held or state.held_low or is_full else Route.DIRECT
        is_direct = not state.held and room > 0
        if is_direct and (crowd < CROWD or under_way > crowd * PASSING_PART):
            return Route.DIRECT
        if share.cost <= state.longest_express and state.is_sparse(share, under_way, self._now):
            if not state.express:
                return Route.DIRECT
            if state.express_work < state.express_window:
                return Route.EXPRESS
        return Route.DIRECT if is_direct else Route.HELD

    def note(self, key: ShareKey, route: Route, share: Share) -> None:
        """Count a job by its route."""
        state = self.state
        if route is Route.HELD:
            overdue = state.has_many_overdue(key, share, self._now)
            state.held_overdue |= overdue
            state.held_low |= key.low
            state.held |= not (overdue or key.low)
        else:
            state.add_jobs(key, 1, share.cost, express=route is Route.EXPRESS)
            self.under_way += 1
