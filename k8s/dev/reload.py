# ruff: noqa: INP001 - a script that an image copies, in no package
"""Runs a service from sources that may change, and starts it anew when they do.

The sources are copied to where files may be written, for the image's own are read-only; Skaffold
carries changed files there. A stop (SIGTERM) reaches the service as SIGINT, which it takes alike.
"""

import os
import shutil
import sys

import watchfiles

SOURCES = "/tmp/src"  # noqa: S108 - a volume of the pod's own

#: Seconds that the service may take to stop before it is killed.
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
        watch_filter=watchfiles.PythonFilter(),
        sigint_timeout=GRACE,
    )


if __name__ == "__main__":
    main()
