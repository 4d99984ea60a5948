"""Run all benchmarks, or the named ones: `python -m benchmarks accept tasks`."""

import subprocess
import sys
import time

from benchmarks.harness.table import note

#: Module by name, in the order of the README's figures.
MODULES = {
    name: f"benchmarks.{area}.{name}"
    for area, names in (
        (
            "api",
            (
                *("accept", "publish", "tasks", "overload", "streams"),
                *("holds", "aged", "replicas", "latency", "idle"),
            ),
        ),
        ("fairness", ("fairness",)),
        ("scraper", ("previews", "scrape")),
        ("page", ("page",)),
        ("renderer", ("pool", "flood", "express", "wear", "hostile")),
    )
    for name in names
}


def main(names: list[str]) -> int:
    """Run each benchmark in a process of its own, so that none inherits another's memory."""
    if unknown := set(names) - set(MODULES):
        note(f"unknown benchmark: {', '.join(sorted(unknown))}; known: {', '.join(MODULES)}")
        return 2
    failed = [name for name in names or MODULES if not _succeeds(name)]
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
