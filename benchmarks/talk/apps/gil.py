"""app.py, and /gil: whether the GIL was on before the import of TALK_IMPORT, and is on now."""

import importlib
import importlib.metadata
import os
import platform
import sys

from benchmarks.talk.app import app

__all__ = ["app"]

#: A module, or none.
IMPORT = os.environ.get("TALK_IMPORT", "")


def state() -> str:
    """On or off. A Python before 3.13 has no such function, and a GIL."""
    is_on = getattr(sys, "_is_gil_enabled", lambda: True)
    return "on" if is_on() else "off"


# All of the application is imported by now.
before = state()
if IMPORT:
    importlib.import_module(IMPORT)


@app.get("/gil")
def gil() -> dict[str, str]:
    """What this process has."""
    version = importlib.metadata.version(IMPORT) if IMPORT else ""
    names = {"python": platform.python_version(), "imports": f"{IMPORT} {version}".strip()}
    return {**names, "gil_before": before, "gil_after": state()}
