"""JSON logs with the ids of the present work."""

import io
import json
import logging
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from splitflap_core import logs

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Configure logging, and return its stream."""
    root = logging.getLogger()
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    # A copy: pytest's own handlers must not be closed.
    monkeypatch.setattr(root, "handlers", [])
    level = root.level
    logs.configure("example", "INFO")
    ours = root.handlers[:]
    yield stream
    root.setLevel(level)
    for handler in ours:
        root.removeHandler(handler)


@pytest.fixture
def lines(written: io.StringIO) -> Any:
    """Returns the decoded lines."""
    return lambda: [json.loads(line) for line in written.getvalue().splitlines()]


def test_each_log_line_is_one_json_object(lines: Any) -> None:
    """Line feeds in a message are escaped."""
    logging.getLogger("some.module").info("two\nlines %s", "here", extra={"settings": {"a": 1}})
    (line,) = lines()
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "INFO",
        "logger": "some.module",
        "message": "two\nlines here",
        "service": "example",
        "settings": {"a": 1},
    }


def test_a_quoted_text_cannot_control_a_terminal(written: io.StringIO, lines: Any) -> None:
    """Control and bidirectional characters are escaped, also in ids and in a traceback."""
    text = "a\x1b[2J\x7f\x9b\u202e\u2066\u200b"
    with logs.bound(channel=text):
        try:
            raise ValueError(text)
        except ValueError:
            logging.getLogger("x").exception("failed: %s", text, extra={"more": [text]})
    assert written.getvalue().rstrip("\n").isprintable()
    assert written.getvalue().isascii()
    assert lines()[0]["channel"] == text
    assert lines()[0]["more"] == [text]


def test_bound_ids_nest(lines: Any) -> None:
    """The end of a block restores the outer ids. None is left out."""
    log = logging.getLogger("x")
    with logs.bound(task="t", job="j1", traceparent=PARENT):
        with logs.bound(job="j2", post=None):
            log.info("inner")
        log.info("outer")
    log.info("outside")
    inner, outer, outside = lines()
    assert (inner["task"], inner["job"]) == ("t", "j2")
    assert inner["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert "post" not in inner
    assert outer["job"] == "j1"
    assert not outside.keys() & {"task", "job", "trace_id"}


def test_an_exception_ends_the_block(lines: Any) -> None:
    """The traceback is a field of one line."""
    log = logging.getLogger("x")
    try:
        with logs.bound(task="t"):
            raise ValueError("wrong")
    except ValueError:
        log.exception("failed")
    (line,) = lines()
    assert "ValueError: wrong" in line["exc_info"]
    assert "task" not in line


def test_bound_ids_are_per_thread(lines: Any) -> None:
    """A new thread begins without ids."""
    with logs.bound(task="t"):
        thread = threading.Thread(target=logging.getLogger("x").info, args=("other",))
        thread.start()
        thread.join()
    assert "task" not in lines()[0]


def test_debug_lines_of_libraries_are_dropped(lines: Any) -> None:
    """py-amqp logs each heartbeat."""
    logging.getLogger().setLevel("DEBUG")
    logging.getLogger("amqp.connection").debug("heartbeat")
    logging.getLogger("mine").debug("seen")
    assert [line["message"] for line in lines()] == ["seen"]
