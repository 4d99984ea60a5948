# ruff: noqa: INP001 - a script for an image, outside any package
"""Runs a service from a copy of its sources, and restarts it when they change.

The image's own sources are read-only, so the script copies them to a writable folder. Skaffold
syncs changed files there. A stop (SIGTERM) reaches the service as SIGINT, with the same effect.
"""

import os
import shutil
import sys

import watchfiles

SOURCES = "/tmp/src"  # noqa: S108 - a volume of the pod's own

#: Seconds for the service to stop, before it is killed.
GRACE = 30


def main() -> None:
    """Run until stopped."""
    shutil.copytree("/opt/src", SOURCES, dirs_exist_ok=True)
    os.environ["PYTHONPATH"] = SOURCES
    command = " ".join([f"splitflap-{os.environ['SERVICE']}", *sys.argv[1:]])
    watchfiles.run_process(
        SOURCES,
        target=command,
        target_type="command",
        watch_filter=watchfiles.DefaultFilter(),
        sigint_timeout=GRACE,
    )


if __name__ == "__main__":
    main()
