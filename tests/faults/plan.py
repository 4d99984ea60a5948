"""Which nemeses are run, and how many rounds of each."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.servers.postgres import Postgres
from tests.servers.rabbitmq import RabbitMq

from .nemeses import alarms, clocks, kills, network, pauses, servers, storm
from .nemeses.base import Nemesis
from .nemeses.disk import DiskFull, small_disk
from .nemeses.poison import Poison
from .row import Row, run, skipped
from .world import on_files, on_servers

Plan = tuple[tuple[type[Nemesis], int], ...]

#: Rounds of a full run on servers; together well over 300 kills.
FULL: Plan = (
    (kills.KillApi, 40),
    (kills.KillApiWorker, 40),
    (kills.KillRenderer, 40),
    (kills.KillRendererChild, 60),
    (kills.KillScraper, 40),
    (pauses.Pause, 12),
    (servers.KillBroker, 10),
    (servers.RestartBroker, 4),
    (servers.KillDatabase, 20),
    (servers.RestartDatabase, 6),
    *((each, 6) for each in network.ALL),
    (alarms.MemoryAlarm, 4),
    (alarms.DiskAlarm, 4),
    (clocks.Clocks, 2),
    (Poison, 1),
    (storm.Storm, 20),
)

#: Rounds of a full run on the embedded back end, where killed workers lose what they held.
EMBEDDED: Plan = (
    (DiskFull, 4),
    (kills.KillApi, 4),
    (kills.KillRenderer, 4),
    (kills.KillScraper, 2),
)

EMBEDDED_TOO = ", embedded"

#: Each kind once, in one row; held for a part of the usual time.
SHORT: Plan = tuple((kind, 1) for kind, _ in FULL)
SHORT_PACE = 0.35
SHORT_EMBEDDED: Plan = ((DiskFull, 1), (kills.KillRenderer, 1))


def full(
    folder: Path,
    both: tuple[Postgres, RabbitMq],
    seed: str,
    only: Sequence[str] = (),
    scale: float = 1.0,
) -> Iterator[Row]:
    """A row for each nemesis whose name has one of the words of `only`."""
    if chosen := _chosen(FULL, only, scale):
        with on_servers(folder, *both) as world:
            for kind, rounds in chosen:
                if not (missing := kind.missing()):
                    yield run(world, seed, [(kind, rounds)])
                else:
                    yield skipped(kind.name, missing)
    if embedded := _chosen(EMBEDDED, only, scale, EMBEDDED_TOO):
        with small_disk(folder / "disk") as disk, on_files(folder, disk) as world:
            for kind, rounds in embedded:
                yield run(world, seed, [(kind, rounds)], f"{kind.name}{EMBEDDED_TOO}")


def short(folder: Path, both: tuple[Postgres, RabbitMq], seed: str) -> Iterator[Row]:
    """All of them in one row."""
    with on_servers(folder, *both) as world:
        here = [(kind, rounds) for kind, rounds in SHORT if not kind.missing()]
        yield run(world, seed, here, "each kind once", SHORT_PACE)


def short_embedded(folder: Path, seed: str) -> Row:
    """Those of the embedded back end in one row."""
    with small_disk(folder / "disk") as disk, on_files(folder, disk) as world:
        return run(world, seed, SHORT_EMBEDDED, "embedded, each once", SHORT_PACE)


def _chosen(plan: Plan, only: Sequence[str], scale: float, suffix: str = "") -> Plan:
    return tuple(
        (kind, max(1, round(rounds * scale)))
        for kind, rounds in plan
        if not only or any(word in f"{kind.name}{suffix}" for word in only)
    )
