"""A server that breaks on purpose: each kind of bad answer is counted."""

from pathlib import Path

import pytest

from benchmarks.talk.context import context
from benchmarks.talk.experiment import Case, failures
from benchmarks.talk.servers import Missing

#: Every third request goes wrong in a way that the environment names.
APP = """
import itertools, os, socket, struct, time
from flask import request
from benchmarks.talk.app import app

numbers = itertools.count(1)

@app.before_request
def broken():
    if request.path != "/io" or next(numbers) % 3:
        return None
    if os.environ["BREAKS"] == "reset":
        raw = request.environ["gunicorn.socket"]
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raw.close()
    if os.environ["BREAKS"] == "hang":
        time.sleep(60)
    return ("Page 99", 200) if os.environ["BREAKS"] == "body" else ("no", 500)
"""

#: Slots of the server. All of them hang in the end.
SLOTS = 4


@pytest.mark.parametrize(
    ("breaks", "counted"),
    [("body", "wrong"), ("status", "errors"), ("reset", "missing"), ("hang", "missing")],
)
def test_a_bad_answer_is_counted_at_the_peak(breaks: str, counted: str, tmp_path: Path) -> None:
    """Also a request that never ends, although it is under way when the load ends."""
    (tmp_path / "breaking.py").write_text(APP, encoding="utf-8")
    options = {"BREAKS": breaks}
    with context(quick=True) as it:
        environ = {**options, "PYTHONPATH": f"{tmp_path}:{Path(__file__).parents[2]}"}
        with it.serving(
            "gunicorn gthread", slots=SLOTS, app="breaking:app", environ=environ
        ) as running:
            figures = it.peak(running, it.io()).figures()
    bad = {name: figures[name] for name in ("wrong", "errors", "missing") if figures[name]}
    assert set(bad) == {counted}
    assert figures["right"]
    assert counted in failures(Case({}, {name: [value] for name, value in figures.items()}))


def test_a_server_that_does_not_start_is_named_with_the_reason(tmp_path: Path) -> None:
    """So the other rows of its experiment are kept."""
    (tmp_path / "failing.py").write_text("raise SystemExit('no such setting')", encoding="utf-8")
    environ = {"PYTHONPATH": f"{tmp_path}:{Path(__file__).parents[2]}"}
    with (
        context(quick=True) as it,
        pytest.raises(Missing, match="waitress does not start: no such setting"),
        it.serving("waitress", slots=1, app="failing:app", environ=environ),
    ):
        pass
