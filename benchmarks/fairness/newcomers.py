"""A thousand new accounts with one post each, beside a flood of heavy texts.

The limit is one round of all accounts' turns. It is the time that the same posts take on an idle
installation, and beside it the work that the flood may have at the workers before them: a window of
2 s, and one more heavy text for each process.
"""

import time
from pathlib import Path

from benchmarks.harness.bench import Bench
from benchmarks.harness.pace import PacedLoad, PacedResult, paced, pacing
from benchmarks.harness.table import Line, at_most, note

from . import texts
from .installation import Installation, installed, now_ms
from .neighbours import LEAD, OFFERED, capacity_of
from .posts import post_request

ACCOUNTS = 1_000

#: Seconds in which all of them post.
ARRIVAL = 2

#: Seconds of the flood after their last post, the longest time that is measured.
PATIENCE = 60

#: Seconds of work that the flood may have at the workers.
WINDOW = 2.0


def measure(it: Bench, backend: str, tree: Path) -> list[Line]:
    """Measure the time until the last one is done, alone and beside the flood."""
    with installed(it, backend, tree) as here:
        [noisy] = here.new_keys(["noisy"])
        capacity = capacity_of(here, "heavy")
        note(f"fairness, {backend}, newcomers: alone")
        alone, _ = _newcomers(here, "alone")
        rate = OFFERED * capacity
        requests = [post_request(noisy, each) for each in texts.heavy()]
        flood = PacedLoad(here.port, rate, LEAD + PATIENCE / 2, 64, requests, ends_on_time=True)
        note(f"fairness, {backend}, newcomers: beside {rate:.0f} posts a second")
        with pacing(flood):
            time.sleep(LEAD)
            beside, sent = _newcomers(here, "beside")
        one_round = alone + WINDOW + 1 / capacity
        return _lines(backend, alone, one_round, beside, sent)


def _newcomers(here: Installation, name: str) -> tuple[float, PacedResult]:
    keys = here.new_keys([f"{name}-{number}" for number in range(ACCOUNTS)])
    few = texts.light()
    requests = [post_request(key, few[n % len(few)]) for n, key in enumerate(keys)]
    began = now_ms()
    sent = paced(PacedLoad(here.port, ACCOUNTS / ARRIVAL, ARRIVAL, 50, requests, 0))
    accepted = len(sent.of(202).latencies)
    seconds = here.wait_finished(f"{name}-%", max(1, accepted), began, PATIENCE)
    return seconds or float(PATIENCE), sent


def _lines(
    backend: str, alone: float, one_round: float, beside: float, sent: PacedResult
) -> list[Line]:
    title = f"{backend}, {ACCOUNTS} new accounts"
    lines = [
        Line(f"{title}: s until the last one is done, by one round", at_most(1)),
        Line("  the same alone, s"),
        Line("  not accepted", at_most(0)),
    ]
    lines[0].add(beside, one_round)
    lines[1].add(alone)
    lines[2].add(sent.sent - len(sent.of(202).latencies))
    return lines
