"""An import: one batch after the other, and a state that a killed run leaves for the next one.

The state names the first line whose result is not recorded. A new run sends the batch after it
again, with the same body and idempotency key: the API answers with the task that it has.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace
from splitflap_client import Batch as BatchResponse
from splitflap_client import Problem, StillRunning, Task
from splitflap_client.posts import submit
from splitflap_client.problems import Gone

from splitflap.errors import CommandError
from splitflap.transfer.lines import Batch, Changed, Line, Refusal, batches
from splitflap.transfer.state import load, save

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import BinaryIO

    from splitflap_client.transport import Transport

#: Longest wait between two calls of `progress`, in seconds.
WAIT = 2.0

#: Statuses that say something about a post of the batch, and not about the key or the API.
OF_A_POST = {
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
}

#: What names a post in a problem of a batch.
_NAMED = re.compile(r"^posts\[(\d+)\][.:]? ?")


@dataclass
class Sent:
    """A batch in flight: a task for each request that it took."""

    batch: Batch
    tasks: list[tuple[Sequence[Line], Task[BatchResponse]]] = field(default_factory=list)


class ImportRun:
    """One run, from the state of the last one to the end of the file."""

    def __init__(self, path: Path, state_path: Path, refused_path: Path, url: str) -> None:
        """Raises CommandError for the state of another import."""
        self.state = load(state_path, url)
        #: Lines before this run, and when it began.
        self.before = self.state.position.lines
        self.size = path.stat().st_size
        self._began = time.monotonic()
        self._path = path
        self._state_path = state_path
        self._refused_path = refused_path

    def run(self, transport: Transport, progress: Callable[[], None]) -> None:
        """Import all lines, and wait for the end of their tasks; calls `progress` all the while.

        Raises:
            CommandError: the file has changed.
            SplitflapError: the API refuses the import, or is away. The state stays.
        """
        with self._path.open("rb") as file, self._refused_path.open("ab") as refused:
            # A file that someone has moved away starts anew.
            refused.truncate(min(self.state.refused_bytes, os.fstat(refused.fileno()).st_size))
            try:
                while True:
                    self._set_size(os.fstat(file.fileno()).st_size)
                    for batch in batches(file, self.state.position, self.size):
                        sent = Sent(batch)
                        self._submit(transport, sent, batch.lines)
                        self._finish(sent, refused, progress)
                    if self.state.position.offset < self.size:
                        raise Changed
                    if os.fstat(file.fileno()).st_size == self.size:
                        break
            except Changed:
                raise CommandError(
                    f"{self._path} has changed before line {self.before + 1}, so the import "
                    f"cannot go on; to import all of it, delete {self._state_path}"
                ) from None

    @property
    def speed(self) -> tuple[float, float | None]:
        """Lines a second in this run, and seconds until its end."""
        elapsed = time.monotonic() - self._began
        lines = self.state.position.lines - self.before
        rate = lines / elapsed if elapsed else 0.0
        if not rate or not self.state.position.offset:
            return rate, None
        mean = self.state.position.offset / self.state.position.lines
        return rate, (self.size - self.state.position.offset) / mean / rate

    def _set_size(self, present: int) -> None:
        """Choose the bytes to import: first those that the last run could see.

        Its last batch ended with them. With lines that came later it would be another batch.
        """
        if self.state.position.offset >= self.state.size:
            self.state = replace(self.state, size=present)
            save(self._state_path, self.state)
        self.size = self.state.size

    # -- sending ---------------------------------------------------------------------------------

    def _submit(self, transport: Transport, sent: Sent, lines: Sequence[Line]) -> None:
        """Send lines in one request, or without those that the API refuses.

        Raises:
            Problem: the API refuses the key, or has failed.
        """
        if not lines:
            return
        body = {"posts": [msgspec.Raw(each.post) for each in lines]}
        key = _key(sent.batch.begin.offset, lines)
        path = ["posts", "batch"]
        try:
            task = submit(
                transport, BatchResponse, "POST", path, body, 0.0, low=True, idempotency_key=key
            )
        except Gone as problem:
            # An earlier run sent it, and its results are past their retention. Another body would
            # make the posts again.
            sent.batch.refusals += [_refusal(each, problem) for each in lines]
        except Problem as problem:
            if problem.status not in OF_A_POST:
                raise
            self._without_refused(transport, sent, lines, problem)
        else:
            sent.tasks.append((lines, task))

    def _without_refused(
        self, transport: Transport, sent: Sent, lines: Sequence[Line], problem: Problem
    ) -> None:
        """Send the lines again, without the one that a problem names, or in halves."""
        named = 0 if len(lines) == 1 else _named(problem, len(lines))
        if named is None:
            middle = len(lines) // 2
            self._submit(transport, sent, lines[:middle])
            self._submit(transport, sent, lines[middle:])
        else:
            sent.batch.refusals.append(_refusal(lines[named], problem))
            self._submit(transport, sent, [*lines[:named], *lines[named + 1 :]])

    # -- results ---------------------------------------------------------------------------------

    def _finish(self, sent: Sent, refused: BinaryIO, progress: Callable[[], None]) -> None:
        """Wait for the end of a batch, then record its results."""
        refusals = list(sent.batch.refusals)
        imported = 0
        for lines, task in sent.tasks:
            failed = _failed(lines, task, progress)
            refusals += failed
            imported += len(lines) - len(failed)
        refused.writelines(
            msgspec.json.encode(each) + b"\n"
            for each in sorted(refusals, key=lambda refusal: refusal.line)
        )
        refused.flush()
        os.fsync(refused.fileno())
        self.state = replace(
            self.state,
            position=sent.batch.end,
            imported=self.state.imported + imported,
            refused=self.state.refused + len(refusals),
            refused_bytes=os.fstat(refused.fileno()).st_size,
        )
        save(self._state_path, self.state)
        progress()


def _failed(
    lines: Sequence[Line], task: Task[BatchResponse], progress: Callable[[], None]
) -> list[Refusal]:
    """Wait for the end of a task; the lines that became no posts."""
    while True:
        try:
            results = task.result(WAIT).results
        except StillRunning:
            progress()
        except Gone as problem:
            return [_refusal(each, problem) for each in lines]
        else:
            return [
                Refusal(line.number, msgspec.to_builtins(each.problem))
                for line, each in zip(lines, results, strict=True)
                if each.problem
            ]


def _key(offset: int, lines: Sequence[Line]) -> str:
    """An idempotency key: the same for the same lines at the same place of a file."""
    sha256 = hashlib.sha256(b"%d" % offset)
    for each in lines:
        sha256.update(b"\n" + each.post)
    return f"import-{sha256.hexdigest()}"


def _refusal(line: Line, problem: Problem) -> Refusal:
    """A problem of a request as that of one of its posts."""
    body = {
        "type": problem.type,
        "title": problem.title,
        "status": problem.status,
        "detail": _NAMED.sub("", problem.detail),
        "errors": [
            {"field": _NAMED.sub("", each.field), "message": each.message}
            for each in problem.errors
        ],
    }
    return Refusal(line.number, body)


def _named(problem: Problem, count: int) -> int | None:
    """The post of a batch that a problem names."""
    for text in (*(each.field for each in problem.errors), problem.detail):
        if (found := _NAMED.match(text)) and int(found[1]) < count:
            return int(found[1])
    return None
