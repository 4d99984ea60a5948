"""Run all benchmarks, or those named: `python -m benchmarks accept tasks`."""

import subprocess
import sys
import time

from benchmarks.table import note

#: In the order of the figures.
ALL = (
    *("accept", "publish", "tasks", "overload", "streams", "aged", "latency", "previews", "scrape"),
    *("pool", "flood", "wear", "hostile"),
)


def main(arguments: list[str]) -> int:
    """Each in a process of its own, so that none inherits what another one has left in memory."""
    if unknown := set(arguments) - set(ALL):
        note(f"no such benchmark: {', '.join(sorted(unknown))}; there are {', '.join(ALL)}")
        return 2
    failed = []
    for name in arguments or ALL:
        began = time.monotonic()
        if subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode:
            failed.append(name)
        note(f"{name}: {time.monotonic() - began:.0f} s")
    if failed:
        note(f"did not run to their end: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
