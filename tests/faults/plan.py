"""The nemeses of a full and of a short run, with the number of rounds of each."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.servers.postgres import Postgres
from tests.servers.rabbitmq import RabbitMq

from .nemeses import alarms, away, clocks, kills, network, pauses, servers, storm
from .nemeses.base import Nemesis
from .nemeses.disk import DiskFull, small_disk
from .nemeses.poison import Poison
from .row import Row, run, skipped
from .world import on_files, on_servers

Rounds = tuple[tuple[type[Nemesis], int], ...]

#: A full run on servers. It makes well over 300 kills.
FULL: Rounds = (
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

#: A full run on the embedded back end.
EMBEDDED: Rounds = (
    (DiskFull, 4),
    (kills.KillApi, 4),
    (kills.KillRenderer, 4),
    (kills.KillScraper, 2),
    (Poison, 1),
)

EMBEDDED_SUFFIX = ", embedded"

#: Nemeses with a world of their own, because they move the clock of its database.
ALONE: Rounds = ((away.WorkersAwayOnServers, 1),)
ALONE_EMBEDDED: Rounds = ((away.WorkersAwayOnFiles, 1),)

#: A short run: each nemesis once, in one row, for a share of the usual time.
SHORT: Rounds = tuple((kind, 1) for kind, _ in FULL)
SHORT_PACE = 0.35
SHORT_EMBEDDED: Rounds = ((DiskFull, 1), (kills.KillRenderer, 1))


def full(
    folder: Path,
    both: tuple[Postgres, RabbitMq],
    seed: str,
    only: Sequence[str] = (),
    scale: float = 1.0,
) -> Iterator[Row]:
    """Run each chosen nemesis, and give its row.

    Args:
        folder: for logs.
        both: the servers.
        seed: for all random choices.
        only: words; a nemesis runs if its name contains one of them. Empty: all nemeses run.
        scale: factor for the number of rounds.
    """
    if chosen := _chosen(FULL, only, scale):
        with on_servers(folder, *both) as world:
            for kind, rounds in chosen:
                if not (missing := kind.missing()):
                    yield run(world, seed, [(kind, rounds)])
                else:
                    yield skipped(kind.name, missing)
    if embedded := _chosen(EMBEDDED, only, scale, EMBEDDED_SUFFIX):
        with small_disk(folder / "disk") as disk, on_files(folder, disk) as world:
            for kind, rounds in embedded:
                yield run(world, seed, [(kind, rounds)], f"{kind.name}{EMBEDDED_SUFFIX}")
    yield from alone(folder, both, seed, only)
    yield from alone_embedded(folder, seed, only)


def alone(
    folder: Path,
    both: tuple[Postgres, RabbitMq],
    seed: str,
    only: Sequence[str] = (),
    pace: float = 1.0,
) -> Iterator[Row]:
    """Run each chosen nemesis of ALONE in a world of its own."""
    for kind, rounds in _chosen(ALONE, only):
        if missing := kind.missing():
            yield skipped(kind.name, missing)
            continue
        with on_servers(folder, *both) as world:
            yield run(world, seed, [(kind, rounds)], pace=pace)


def alone_embedded(
    folder: Path, seed: str, only: Sequence[str] = (), pace: float = 1.0
) -> Iterator[Row]:
    """The same on the embedded back end."""
    for kind, rounds in _chosen(ALONE_EMBEDDED, only, suffix=EMBEDDED_SUFFIX):
        name = f"{kind.name}{EMBEDDED_SUFFIX}"
        if missing := kind.missing():
            yield skipped(name, missing)
            continue
        data = folder / "away"
        data.mkdir()
        with on_files(folder, data) as world:
            yield run(world, seed, [(kind, rounds)], name, pace)


def short(folder: Path, both: tuple[Postgres, RabbitMq], seed: str) -> Iterator[Row]:
    """A short run on servers: one row."""
    with on_servers(folder, *both) as world:
        here = [(kind, rounds) for kind, rounds in SHORT if not kind.missing()]
        yield run(world, seed, here, "each kind once", SHORT_PACE)


def short_embedded(folder: Path, seed: str) -> Row:
    """A short run on the embedded back end: one row."""
    with small_disk(folder / "disk") as disk, on_files(folder, disk) as world:
        return run(world, seed, SHORT_EMBEDDED, "embedded, each once", SHORT_PACE)


def _chosen(plan: Rounds, only: Sequence[str], scale: float = 1.0, suffix: str = "") -> Rounds:
    return tuple(
        (kind, max(1, round(rounds * scale)))
        for kind, rounds in plan
        if not only or any(word in f"{kind.name}{suffix}" for word in only)
    )
