"""The parent's side of a rendering process, with a process that is not started."""

import os
import time
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from splitflap_core.contracts import Job, RenderRequest
from splitflap_renderer.options import Options
from splitflap_renderer.process import child_handle
from splitflap_renderer.process.child_handle import ChildHandle
from splitflap_renderer.process.child_main import TextAnswer, TimedAnswer
from splitflap_renderer.process.lanes import Text


class QuickProcess:
    """Answers a batch at the moment it is sent."""

    def __init__(self) -> None:
        self.answered_at = 0.0

    def send_bytes(self, _message: bytes) -> None:
        """Take a batch."""
        self.answered_at = time.monotonic()


def test_a_text_takes_no_negative_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The API refuses an outcome with a negative time, and the post would never complete."""
    pipe: Any = QuickProcess()
    process: Any = SimpleNamespace(pid=os.getpid())
    monkeypatch.setattr(child_handle, "_spawn", lambda *_: (process, pipe, pipe))
    child = ChildHandle(deadline=1.0, memory_mib=64, options=Options())
    job = Job("job", "render", 1, 0.0, msgspec.Raw(b"{}"))
    text = Text(job, RenderRequest("x"), lambda *_: None)
    child.send([text], allowance=1.0)
    _, took = child.end_text(TimedAnswer(TextAnswer(b"{}"), pipe.answered_at, cpu=0.0))
    assert took >= 0
