"""Records the replicas of a release over time, and prints a table."""

import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from .kube import CommandFailed, Kube
from .prometheus import Prometheus

WORKERS = {"renderer": "render", "scraper": "scrape"}

#: Seconds between samples.
INTERVAL = 5.0


@dataclass(frozen=True)
class Sample:
    """The state at one time."""

    #: Seconds since the start.
    at: float
    phase: str
    #: Ready pods and wanted pods of each worker.
    ready: dict[str, int]
    wanted: dict[str, int]
    #: The demand in replicas, and the jobs that are held, in queue and in pods, of each worker.
    #: `held` is the part of the backlog that waits in the database.
    demand: dict[str, float | None]
    backlog: dict[str, float | None]
    held: dict[str, float | None]


class Recorder:
    """Takes samples in a thread until it is left. `phase` names the present phase of the test."""

    def __init__(self, kube: Kube, prometheus: Prometheus) -> None:
        self.phase = "idle"
        self.samples: list[Sample] = []
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
        """Largest number of wanted pods of a worker in a phase."""
        return max(
            sample.wanted[worker] for sample in self.samples if sample.phase.startswith(phase)
        )

    def most_held(self, worker: str) -> float:
        """Largest number of held jobs of a worker's kind."""
        return max(sample.held[worker] or 0.0 for sample in self.samples)

    def now(self, worker: str) -> int:
        """The number of wanted pods in the last sample."""
        return self.samples[-1].wanted[worker]

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.samples.append(self._sample())
            except (CommandFailed, KeyError):  # the API server is busy; the next sample follows
                continue
            finally:
                self._stopping.wait(INTERVAL)

    def _sample(self) -> Sample:
        found = {
            each["metadata"]["name"].removeprefix("splitflap-"): each
            for each in self._kube.items("deployments")
        }
        return Sample(
            at=time.monotonic() - self._began,
            phase=self.phase,
            ready={each: found[each]["status"].get("readyReplicas", 0) for each in WORKERS},
            wanted={each: found[each]["spec"]["replicas"] for each in WORKERS},
            demand=self._query("splitflap:demand:replicas"),
            backlog=self._query("splitflap:backlog:jobs"),
            held=self._query("splitflap:jobs_held:jobs"),
        )

    def _query(self, metric: str) -> dict[str, float | None]:
        return {
            worker: self._prometheus.value(f'{metric}{{kind="{kind}"}}')
            for worker, kind in WORKERS.items()
        }


def table(samples: list[Sample]) -> str:
    """A Markdown table: a row for each change of the state, and at least every 30 s."""
    headers = ["s", "phase"]
    for worker in WORKERS:
        headers += [f"{worker}: ready / wanted", "demand", "backlog", "of it held"]
    lines = [f"| {' | '.join(headers)} |", f"| ---: | --- |{' ---: |' * 4 * len(WORKERS)}"]
    last: Sample | None = None
    for sample in samples:
        if last is None or _state(sample) != _state(last) or sample.at - last.at >= 30:
            cells = [f"{sample.at:.0f}", sample.phase]
            for worker in WORKERS:
                cells += [
                    f"{sample.ready[worker]} / {sample.wanted[worker]}",
                    _figure(sample.demand[worker], 2),
                    _figure(sample.backlog[worker], 0),
                    _figure(sample.held[worker], 0),
                ]
            lines.append(f"| {' | '.join(cells)} |")
            last = sample
    return "\n".join(lines)


def write(text: str, page: Path) -> None:
    """Write a table between its markers in a page."""
    begin, end = "<!-- replicas -->", "<!-- /replicas -->"
    before, _, rest = page.read_text(encoding="utf-8").partition(begin)
    after = rest.partition(end)[2]
    page.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")


def _state(sample: Sample) -> object:
    return sample.phase, sample.ready, sample.wanted


def _figure(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
