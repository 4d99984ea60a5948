"""Run all benchmarks, or some, or those of a folder: `python -m benchmarks accept scraper`."""

import subprocess
import sys
import time

from benchmarks.harness.table import note

#: Benchmarks by folder, in the order of the README's figures.
FOLDERS = {
    "api": (
        *("accept", "publish", "tasks", "overload", "streams"),
        *("holds", "aged", "replicas", "latency", "idle", "traces"),
    ),
    "fairness": ("fairness", "imports"),
    "scraper": ("previews", "scrape"),
    "web": ("files", "proxied", "page"),
    "renderer": ("pool", "flood", "express", "wear", "hostile"),
}

MODULES = {
    name: f"benchmarks.{folder}.{name}" for folder, names in FOLDERS.items() for name in names
}


def main(names: list[str]) -> int:
    """Run each benchmark in a process of its own, so that none inherits another's memory."""
    if unknown := set(names) - set(MODULES) - set(FOLDERS):
        known = ", ".join({**FOLDERS, **MODULES})
        note(f"unknown benchmark: {', '.join(sorted(unknown))}; known: {known}")
        return 2
    wanted = [each for name in names or MODULES for each in FOLDERS.get(name, (name,))]
    failed = [name for name in wanted if not _succeeds(name)]
    if failed:
        note(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


def _succeeds(name: str) -> bool:
    began = time.monotonic()
    status = subprocess.run([sys.executable, "-m", MODULES[name]], check=False).returncode
    note(f"{name}: {time.monotonic() - began:.0f} s")
    return status == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
