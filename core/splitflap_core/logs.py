"""JSON logs on standard error, one object per line, with the ids of the present work.

The lines are ASCII, so a quoted text cannot control a terminal.

`bound(task=..., job=...)` adds ids to each line of its block, in this thread or greenlet.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from splitflap_core.trace import present, trace_id

_context: ContextVar[dict[str, Any] | None] = ContextVar("splitflap_log_context", default=None)


class _ContextFilter(logging.Filter):
    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def filter(self, record: logging.LogRecord) -> bool:
        record.service = self._service
        for name, value in (_context.get() or {}).items():
            setattr(record, name, value)
        return True


def configure(service: str, level: str) -> None:
    """Send all logging of the process through one JSON handler."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        JsonFormatter(
            "%(levelname)s %(name)s %(message)s",
            rename_fields={"levelname": "level", "name": "logger"},
            timestamp="time",
        )
    )
    handler.addFilter(_ContextFilter(service))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # py-amqp logs each heartbeat at DEBUG, and kombu each declaration.
    for noisy in ("amqp", "kombu", "urllib3"):
        logging.getLogger(noisy).setLevel(max(logging.INFO, logging.getLevelName(level)))
    # Alembic logs each plugin at INFO, and each context twice.
    logging.getLogger("alembic.runtime").setLevel(logging.WARNING)


@contextmanager
def bound(*, traceparent: str | None = None, **ids: str | int | None) -> Iterator[None]:
    """Add these ids (None excepted) and the id of the trace to each log line of the block."""
    known = {name: value for name, value in ids.items() if value is not None}
    if traceparent:
        known["trace_id"] = trace_id(traceparent)
    token = _context.set({**(_context.get() or {}), **known})
    trace = present.set(traceparent) if traceparent else None
    try:
        yield
    finally:
        _context.reset(token)
        if trace:
            present.reset(trace)
