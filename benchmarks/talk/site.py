"""The page site as a process (page_site.py)."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import requests

from benchmarks import ROOT


@dataclass(frozen=True)
class Site:
    """A running site."""

    url: str

    def reset(self, gather: int = 0) -> None:
        """Forget the largest number in flight. The next pages wait for `gather` requests."""
        url = f"{self.url}/reset?gather={gather}"
        requests.post(url, timeout=10).raise_for_status()

    def largest(self) -> int:
        """The largest number of requests in flight since the reset."""
        return int(requests.get(f"{self.url}/largest", timeout=10).text)

    def fetched(self) -> dict[int, int]:
        """How often each page was fetched since the reset."""
        counts = requests.get(f"{self.url}/fetched", timeout=10).json()
        return {int(number): count for number, count in counts.items()}


@contextmanager
def page_site(page_seconds: float) -> Iterator[Site]:
    """A site whose pages take some seconds."""
    # A killed run would leave it behind: nothing else ends it then.
    setpriv = shutil.which("setpriv")
    dies_with_us = [setpriv, "--pdeathsig", "KILL"] if setpriv else []
    command = [*dies_with_us, sys.executable, "-m", "benchmarks.talk.page_site"]
    environ = {"TALK_PAGE_SECONDS": str(page_seconds)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environ
    ) as process:
        assert process.stdout
        try:
            yield Site(f"http://127.0.0.1:{process.stdout.readline().strip()}")
        finally:
            process.kill()
