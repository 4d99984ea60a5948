"""One row of the table: clients post, a nemesis acts, all is repaired, the checker compares."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from tests.servers.process import ServerFailed

from .checker import Verdict, check
from .clients.load import Load
from .nemeses.base import Nemesis
from .world import Tally, World

#: Seconds between two rounds of a nemesis.
BETWEEN_ROUNDS = (0.1, 0.8)

#: Seconds without a completed post after a return: a fault. A bound on liveness.
RESUME_LIMIT = 60.0


@dataclass
class Row:
    """The figures of one nemesis."""

    name: str
    seed: str
    verdict: Verdict
    tally: Tally
    seconds: float
    #: How often clients saw each status, or each kind of error.
    statuses: dict[str, int] = field(default_factory=dict)
    #: The reason if the nemesis cannot run on this machine.
    skipped: str = ""


def skipped(name: str, reason: str) -> Row:
    """The row of a nemesis that cannot run on this machine."""
    return Row(name, "", Verdict(), Tally(), 0.0, skipped=reason)


def run(
    world: World,
    seed: str,
    nemeses: Sequence[tuple[type[Nemesis], int]],
    name: str = "",
    pace: float = 1.0,
) -> Row:
    """Run the rounds of each nemesis, one after the other, under one load.

    Args:
        world: the running services and servers.
        seed: for all random choices.
        nemeses: each with its number of rounds.
        name: the name of the row; empty: the name of the first nemesis.
        pace: factor for the time that a nemesis holds its faults.
    """
    began = time.monotonic()
    name = name or nemeses[0][0].name
    world.tally = Tally()
    channel = f"{re.sub('[^a-z]+', '-', name)}-{time.time_ns() % 1_000_000}"
    load = Load(world, channel, f"{seed}/{name}", neighbour=True, webhooks=True)
    load.start()
    failures = []
    for kind, rounds in nemeses:
        rng = Random(f"{seed}/{name}/{kind.name}")
        failures += _run_rounds(kind(world, load, rng, pace), rounds)
        world.repair()
    verdict = check(load.stop())
    verdict.wrong += failures
    verdict.lost += _late_resumes(world.tally)
    seconds = time.monotonic() - began
    return Row(name, seed, verdict, world.tally, seconds, dict(load.posters.statuses))


def _run_rounds(nemesis: Nemesis, rounds: int) -> list[str]:
    """Run all rounds. Returns a failure if a process did not return or end as it must."""
    try:
        with nemesis:
            for _ in range(rounds):
                nemesis.round()
                time.sleep(nemesis.rng.uniform(*BETWEEN_ROUNDS))
    except (AssertionError, ServerFailed) as failure:
        return [f"{nemesis.name}: {failure}"]
    return []


def _late_resumes(tally: Tally) -> list[str]:
    return [
        f"no post completed in {seconds:.0f} s after the return of a {kind}: {what}"
        for kind, what, seconds in tally.resumed
        if seconds >= RESUME_LIMIT
    ]
