"""Python without the GIL, if TALK_FREE_THREADED names one. benchmarks/README.md says how to get it.

`.ci/talk` makes environments with the packages of the application in .tools/free-threaded:

python         the free-threaded Python
ordinary       an ordinary build of the same version, if one is beside it (python3.14t, python3.14)
greenlet-old   the newest greenlet whose import switches the GIL on, a folder for PYTHONPATH
greenlet-new   a greenlet that was made for free-threaded Python
"""

import os
from dataclasses import replace
from pathlib import Path

import requests

from benchmarks import ROOT

from .commands import Shape
from .servers import TABLE, Missing, Running, Server

#: For the reader of the page.
REMEDY = "benchmarks/README.md says how to get one"

FOLDER = ROOT / ".tools" / "free-threaded"

#: Versions of greenlet: the folders that .ci/talk makes.
GREENLETS = ("greenlet-old", "greenlet-new")

#: The application, with /gil.
APP = "benchmarks.talk.apps.gil:app"


def interpreter() -> Path:
    """The free-threaded interpreter.

    Raises:
        Missing: no interpreter is named, or its environment was not made.
    """
    if not os.environ.get("TALK_FREE_THREADED"):
        raise Missing(f"TALK_FREE_THREADED names no free-threaded Python; {REMEDY}")
    return _made("python/bin/python", "the environment of TALK_FREE_THREADED")


def ordinary() -> Path:
    """An ordinary build of the same version.

    Raises:
        Missing: none is beside the other.
    """
    return _made("ordinary/bin/python", "the environment of an ordinary build beside it")


def greenlet(folder: str) -> Path:
    """The folder with one of GREENLETS.

    Raises:
        Missing: it could not be installed for this Python.
    """
    return _made(folder, folder)


def server(python: Path, *, gil: bool | None = None, path: Path | None = None) -> Server:
    """The server gunicorn with threads in this interpreter.

    `gil` overrules what the interpreter and its extension modules want. `path` is a folder with
    further packages, and the application imports greenlet from there.
    """
    usual = TABLE["gunicorn gthread"]

    def command(it: Shape) -> list[str]:
        return [str(python), "-m", "gunicorn", *usual.command(it)[1:]]

    environ = {} if gil is None else {"PYTHON_GIL": str(int(gil))}
    if path:
        environ |= {"PYTHONPATH": f"{path}{os.pathsep}{ROOT}", "TALK_IMPORT": "greenlet"}
    return replace(usual, command=command, environ=environ)


def told(running: Running) -> dict[str, str]:
    """The server's own words: its version, and the GIL before and after the import."""
    words: dict[str, str] = requests.get(f"{running.url}/gil", timeout=10).json()
    return words


def _made(name: str, what: str) -> Path:
    if not (FOLDER / name).exists():
        raise Missing(f"{what} is not made: run make talk")
    return FOLDER / name
