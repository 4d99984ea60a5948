"""A user posts once a second beside `splitflap import`, which is killed once and goes on.

    python -m benchmarks.fairness.imports [--posts 100000] [--seconds 120] [--backend servers]

The user alone is the baseline. Afterwards an export tells which posts are lost or doubled.
"""

import argparse
import itertools
import json
import os
import subprocess
import threading
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from benchmarks.harness.bench import KEY, Bench, bench
from benchmarks.harness.table import Line, at_most, note, show
from tests.system.rig.processes import program

from . import texts
from .installation import BACKENDS, Installation, installed
from .quiet_account import Quiet, QuietAccount

#: Accounts of the imported posts.
AUTHORS = 200

#: Seconds of one measurement of the user beside the import; these repeat until its end.
ROUND = 10

#: Posts of the user before the baseline.
WARM_UP = 5

#: Time of the first imported post.
BEGIN = datetime(2020, 1, 1, tzinfo=UTC)

CHANNEL = "imported"


@dataclass
class Import:
    """An import of a file, as a process."""

    file: Path
    environ: dict[str, str]

    def start(self) -> "subprocess.Popen[bytes]":
        """Begin, or go on."""
        return subprocess.Popen([program("splitflap"), "import", str(self.file)], env=self.environ)

    @property
    def lines(self) -> int:
        """Lines whose results are recorded."""
        try:
            state = json.loads(self.file.with_name(f"{self.file.name}.state").read_bytes())
        except FileNotFoundError:
            return 0
        return int(state["position"]["lines"])

    def run(self, posts: int) -> None:
        """Import all lines; the process is killed once it has recorded the half."""
        with self.start() as process:
            while self.lines < posts / 2:
                assert process.poll() is None, "the import has ended early"
                time.sleep(0.05)
            process.kill()
        note(f"import: killed after line {self.lines}; going on")
        with self.start() as process:
            assert process.wait() == 0, "the import has failed"

    def exported(self) -> list[dict[str, Any]]:
        """The posts of the channel."""
        command = [program("splitflap"), "export", "--channel", CHANNEL]
        done = subprocess.run(command, env=self.environ, check=True, stdout=subprocess.PIPE)
        return [json.loads(each) for each in done.stdout.splitlines()]


def measure(it: Bench, backend: str, posts: int, seconds: int) -> list[Line]:
    """Measure the user alone, and beside an import."""
    with installed(it, backend) as here:
        (key,) = here.new_keys(["quiet"])
        light = texts.light()
        _quiet(here, key, light, WARM_UP)
        note(f"import, {backend}: the user alone")
        alone = _quiet(here, key, light, seconds)
        note(f"import, {backend}: {posts} posts")
        run = Import(_file(it.folder / f"{backend}.ndjson", posts, light), _environ(here))
        beside, took = _beside(here, key, light, run, posts)
        found = Counter(each["text"] for each in run.exported())
    return _lines(backend, alone, beside, posts / took, found, posts)


def _beside(
    here: Installation, key: str, light: list[str], run: Import, posts: int
) -> tuple[Quiet, float]:
    """The user's figures while the import runs, and its seconds."""
    errors: list[BaseException] = []

    def imported() -> None:
        try:
            run.run(posts)
        except (AssertionError, OSError) as error:
            errors.append(error)

    beside = Quiet()
    thread = threading.Thread(target=imported, daemon=True)
    began = time.monotonic()
    thread.start()
    while thread.is_alive():
        found = _quiet(here, key, light, ROUND)
        beside.milliseconds += found.milliseconds
        beside.refused += found.refused
        beside.failed += found.failed
        beside.unfinished += found.unfinished
    took = time.monotonic() - began
    if errors:
        raise errors[0]
    return beside, took


def _quiet(here: Installation, key: str, light: list[str], seconds: int) -> Quiet:
    chosen = itertools.cycle(light)
    return QuietAccount(here.port, key, lambda _: next(chosen), seconds).run()


def _file(path: Path, posts: int, light: list[str]) -> Path:
    with path.open("w", encoding="utf-8") as file:
        for number in range(posts):
            line = {
                "text": f"{light[number % len(light)]}\n\n{number}",
                "channel": CHANNEL,
                "author": f"author-{number % AUTHORS}",
                "created_at": (BEGIN + timedelta(minutes=number)).isoformat(),
            }
            file.write(f"{json.dumps(line)}\n")
    return path


def _environ(here: Installation) -> dict[str, str]:
    """Those of the import: the address, and a key that acts for others."""
    url = f"http://127.0.0.1:{here.port}"
    body = {"account": "importer", "scopes": ["read", "write", "act"]}
    headers = {"Authorization": f"Bearer {KEY}"}
    made = requests.post(f"{url}/v1/keys", json=body, headers=headers, timeout=30)
    made.raise_for_status()
    return {
        "PATH": os.environ["PATH"],
        "SPLITFLAP_URL": url,
        "SPLITFLAP_KEY": made.json()["key"],
    }


def _lines(
    backend: str, alone: Quiet, beside: Quiet, rate: float, found: Counter[str], posts: int
) -> list[Line]:
    lines = []
    for name, share, target in (("p50", 0.5, None), ("p99", 0.99, at_most(2))):
        lines.append(Line(f"{backend}: {name} ms until a post of the user is done", target))
        lines[-1].add(beside.quantile(share), alone.quantile(share))
    for name in ("refused", "failed", "unfinished"):
        lines.append(Line(f"  posts of the user {name}", at_most(0)))
        lines[-1].add(getattr(beside, name))
    figures = {
        "posts of the user beside the import": (len(beside.milliseconds), None),
        "imported a second": (rate, None),
        "lost": (posts - len(found), at_most(0)),
        "doubled": (sum(found.values()) - len(found), at_most(0)),
    }
    for title, (value, target) in figures.items():
        lines.append(Line(f"  {title}", target))
        lines[-1].add(value)
    return lines


def main() -> None:
    """Measure, and print a table for each back end."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fairness.imports")
    parser.add_argument("--posts", type=int, default=100_000, help="posts of the import")
    parser.add_argument("--seconds", type=int, default=120, help="posts of the user alone")
    parser.add_argument("--backend", nargs="+", choices=BACKENDS, default=["servers"])
    options = parser.parse_args()
    with bench(servers="servers" in options.backend) as it:
        for backend in options.backend:
            lines = measure(it, backend, options.posts, options.seconds)
            show(f"import, {options.posts:,} posts", *lines)


if __name__ == "__main__":
    main()
