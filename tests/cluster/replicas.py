"""Replicas over time: looked at from a thread, and printed as a table."""

import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from .kube import CommandFailed, Kube
from .prometheus import Prometheus

WORKERS = {"renderer": "render", "scraper": "scrape"}

#: Seconds between looks.
EVERY = 5.0


@dataclass(frozen=True)
class Look:
    """What was there at a time."""

    #: Seconds since the first look.
    at: float
    phase: str
    #: By worker: pods that are ready, and that are wanted.
    ready: dict[str, int]
    wanted: dict[str, int]
    #: By worker: replicas that its work needs, and jobs in its queue and at its pods.
    demand: dict[str, float | None]
    backlog: dict[str, float | None]


class Recorder:
    """Looks until it is left; `phase` is what goes on."""

    def __init__(self, kube: Kube, prometheus: Prometheus) -> None:
        self.phase = "idle"
        self.looks: list[Look] = []
        self._kube = kube
        self._prometheus = prometheus
        self._began = time.monotonic()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join(60)

    def most(self, worker: str, phase: str) -> int:
        """Most pods of a worker that were wanted while something went on."""
        return max(look.wanted[worker] for look in self.looks if look.phase.startswith(phase))

    def now(self, worker: str) -> int:
        """Pods that are wanted now."""
        return self.looks[-1].wanted[worker]

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.looks.append(self._look())
            except (CommandFailed, KeyError):  # an API server that is busy; the next look comes
                continue
            finally:
                self._stopping.wait(EVERY)

    def _look(self) -> Look:
        found = {
            each["metadata"]["name"].removeprefix("splitflap-"): each
            for each in self._kube.items("deployments")
        }
        return Look(
            at=time.monotonic() - self._began,
            phase=self.phase,
            ready={each: found[each]["status"].get("readyReplicas", 0) for each in WORKERS},
            wanted={each: found[each]["spec"]["replicas"] for each in WORKERS},
            demand=self._ask("splitflap:demand:replicas"),
            backlog=self._ask("splitflap:backlog:jobs"),
        )

    def _ask(self, metric: str) -> dict[str, float | None]:
        return {
            worker: self._prometheus.value(f'{metric}{{kind="{kind}"}}')
            for worker, kind in WORKERS.items()
        }


def table(looks: list[Look]) -> str:
    """Markdown: a line wherever something other than the figures has changed, and every 30 s."""
    headers = ["s", "what goes on"]
    for worker in WORKERS:
        headers += [f"{worker}: ready / wanted", "demand", "backlog"]
    lines = [f"| {' | '.join(headers)} |", f"| ---: | --- |{' ---: |' * 6}"]
    last: Look | None = None
    for look in looks:
        if last is None or _state(look) != _state(last) or look.at - last.at >= 30:
            cells = [f"{look.at:.0f}", look.phase]
            for worker in WORKERS:
                cells += [
                    f"{look.ready[worker]} / {look.wanted[worker]}",
                    _figure(look.demand[worker], 2),
                    _figure(look.backlog[worker], 0),
                ]
            lines.append(f"| {' | '.join(cells)} |")
            last = look
    return "\n".join(lines)


def write(text: str, page: Path) -> None:
    """Put a table between the marks of a page."""
    begin, end = "<!-- replicas -->", "<!-- /replicas -->"
    before, _, rest = page.read_text(encoding="utf-8").partition(begin)
    after = rest.partition(end)[2]
    page.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")


def _state(look: Look) -> object:
    return look.phase, look.ready, look.wanted


def _figure(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
