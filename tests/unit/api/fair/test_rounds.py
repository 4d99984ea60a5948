"""Rounds of deficit round robin over accounts."""

import random
from collections import Counter

from splitflap_api.domain.fair.rounds import Turn, allot

QUANTUM = 5.0

#: More jobs than any test sends.
MANY = 100_000


def turn_of(account: str, deficit: float, cost: float, most: int = MANY, *, jobs: int = 0) -> Turn:
    """A turn of an account whose jobs take as much room as time."""
    return Turn(account, deficit, cost, cost, most, jobs)


def jobs_of(turns: list[Turn]) -> dict[str, int]:
    """The jobs of each account."""
    return {turn.account: turn.jobs for turn in turns}


def test_a_lone_account_gets_all_of_the_room() -> None:
    """Its jobs fill the room: the last one may go beyond it."""
    turns = [turn_of("a", 0.0, cost=2.0)]
    assert allot(turns, 100.0, QUANTUM) == "a"
    assert jobs_of(turns) == {"a": 50}


def test_accounts_get_equal_time_and_not_equal_jobs() -> None:
    """One account's jobs take fifty times as long as those of the other."""
    turns = [turn_of("heavy", 0.0, cost=100.0), turn_of("light", 0.0, cost=2.0)]
    allot(turns, 10_000.0, QUANTUM)
    assert abs(jobs_of(turns)["heavy"] * 100 - jobs_of(turns)["light"] * 2) <= 100 + QUANTUM


def test_each_account_sends_a_job_in_its_first_turn() -> None:
    """A thousand new accounts get a job each, also if a job takes longer than a quantum."""
    turns = [turn_of(f"new {number}", 0.0, cost=20.0) for number in range(1_000)]
    allot(turns, 1_000 * 20.0, QUANTUM)
    assert set(jobs_of(turns).values()) == {1}


def test_an_account_in_debt_waits_until_the_others_had_their_time() -> None:
    """Its jobs took longer than their mean."""
    turns = [turn_of("debtor", -50.0, cost=5.0), turn_of("other", 0.0, cost=5.0)]
    allot(turns, 50.0, QUANTUM)
    assert jobs_of(turns) == {"debtor": 0, "other": 10}


def test_a_debt_alone_does_not_wait() -> None:
    """Rounds without a job pass at once."""
    turns = [turn_of("debtor", -1e9, cost=5.0)]
    allot(turns, 50.0, QUANTUM)
    assert jobs_of(turns) == {"debtor": 10}


def test_an_account_sends_at_most_its_most() -> None:
    """The others get the rest of the room."""
    turns = [turn_of("overdue", 0.0, cost=5.0, most=1), turn_of("other", 0.0, cost=5.0)]
    allot(turns, 50.0, QUANTUM)
    assert jobs_of(turns) == {"overdue": 1, "other": 9}
    assert allot([turn_of("overdue", 0.0, cost=5.0, most=0)], 50.0, QUANTUM) is None


def test_an_account_without_more_jobs_keeps_no_credit() -> None:
    """It kept a debt, and pays nothing for jobs that do not exist."""
    turn = turn_of("a", 0.0, cost=5.0)
    allot([turn], 50.0, QUANTUM)
    turn.found(2)
    assert (turn.jobs, turn.deficit) == (2, 0.0)
    owing = turn_of("b", -100.0, cost=5.0, jobs=1)
    owing.found(0)
    assert owing.deficit == -95.0


def test_time_stays_equal_over_many_small_rounds() -> None:
    """Each round has room for a few jobs. Costs are guesses, and the charges come later."""
    chance = random.Random(7)
    guesses = {"a": 3.0, "b": 20.0, "c": 400.0}
    costs = {"a": 2.0, "b": 30.0, "c": 300.0}
    deficits = dict.fromkeys(costs, 0.0)
    time: Counter[str] = Counter()
    order = list(costs)
    for _ in range(3_000):
        turns = [turn_of(each, deficits[each], guesses[each]) for each in order]
        last = allot(turns, chance.uniform(1, 50), QUANTUM)
        for turn in turns:
            took = turn.jobs * costs[turn.account]
            time[turn.account] += int(took)
            deficits[turn.account] = turn.deficit - (took - turn.jobs * turn.cost)
        order = order[order.index(str(last)) + 1 :] + order[: order.index(str(last)) + 1]
    assert max(time.values()) < 1.1 * min(time.values())


def test_full_accounts_leave_the_room_to_others() -> None:
    """They have their most jobs under way."""
    turns = [turn_of(f"full {number}", 0.0, 5.0, most=0) for number in range(200)]
    turns.append(turn_of("z", 0.0, 5.0))
    assert allot(turns, 50.0, QUANTUM) == "z"
    assert turns[-1].jobs == 10
