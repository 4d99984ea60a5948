"""Finished posts a second of floods of heavy texts, beside another release, in turn."""

from pathlib import Path

from benchmarks import ROOT
from benchmarks.harness.bench import Bench
from benchmarks.harness.pace import PacedLoad, paced
from benchmarks.harness.table import Line, at_least, note

from . import texts
from .installation import installed, now_ms
from .neighbours import LEAD
from .posts import post_request

#: Seconds that count, after LEAD.
SECONDS = 16

#: Heavy posts a second: ten times what two CPUs do.
RATE = 150.0

#: Busy accounts at a time.
ACCOUNTS = {"one account": 1, "four accounts": 4}


def measure(it: Bench, backend: str, base: Path) -> list[Line]:
    """One round: each load on this tree and on the base tree, each on a new installation."""
    lines = []
    for name, accounts in ACCOUNTS.items():
        note(f"fairness, {backend}, total: {name}")
        line = Line(
            f"{backend}, {name}: finished heavy posts a second, by the base", at_least(0.95)
        )
        before = _finished(it, backend, base, accounts)
        line.add(_finished(it, backend, ROOT, accounts), before)
        lines.append(line)
    return lines


def _finished(it: Bench, backend: str, tree: Path, accounts: int) -> float:
    with installed(it, backend, tree) as here:
        keys = here.new_keys([f"busy-{number}" for number in range(accounts)])
        # The accounts take turns; a text is not always the same account's.
        many = [*texts.heavy(), "the last one"]
        requests = [
            post_request(keys[number % accounts], many[number % len(many)])
            for number in range(accounts * len(many))
        ]
        began = now_ms() + LEAD * 1000
        paced(PacedLoad(here.port, RATE, LEAD + SECONDS, 64, requests, ends_on_time=True))
        finished, _ = here.finished("busy-%", began, began + SECONDS * 1000)
        return finished / SECONDS
