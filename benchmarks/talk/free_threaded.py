"""A free-threaded Python, if TALK_FREE_THREADED names one.

`.ci/talk` makes an environment of it in .tools/free-threaded, with the packages of the application.
"""

import os
import subprocess

from benchmarks import ROOT

from .commands import Shape
from .servers import Missing, Server

#: Its interpreter.
PYTHON = ROOT / ".tools" / "free-threaded" / "bin" / "python"


def interpreter() -> str:
    """The interpreter.

    Raises:
        Missing: no interpreter is named, or its environment was not made.
    """
    if not os.environ.get("TALK_FREE_THREADED"):
        raise Missing("TALK_FREE_THREADED names no free-threaded Python")
    if not PYTHON.exists():
        raise Missing("the environment of TALK_FREE_THREADED is not made: run make talk")
    return str(PYTHON)


def gil_around(module: str, python: str) -> tuple[bool, bool]:
    """Whether the GIL is on before an import, and after it."""
    script = (
        f"import sys; print(sys._is_gil_enabled()); import {module}; print(sys._is_gil_enabled())"
    )
    printed = subprocess.run(
        [python, "-W", "ignore", "-c", script], check=True, capture_output=True, text=True
    ).stdout.split()
    return printed[0] == "True", printed[1] == "True"


def server(python: str, *, gil: bool) -> Server:
    """The server gunicorn with threads in this interpreter, with or without the GIL."""

    def command(it: Shape) -> list[str]:
        where = ["--bind", f"127.0.0.1:{it.port}", "--no-control-socket"]
        size = ["--worker-class", "gthread", "--threads", str(it.slots)]
        return [python, "-m", "gunicorn", *where, *size, it.app]

    name = f"gunicorn gthread, GIL {'on' if gil else 'off'}"
    # PYTHON_GIL overrules the request of an extension module.
    return Server(name, "gunicorn", command, "thread", {"PYTHON_GIL": str(int(gil))})
