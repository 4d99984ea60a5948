"""An import: one batch after the other, and a state that a killed run leaves for the next one.

The state names the first line whose result is not recorded, and the requests that may have been
sent since. A new run sends these again, with the same body and idempotency key: the API answers
with the task that it has.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec
from splitflap_client import Batch as BatchResponse
from splitflap_client import Problem, StillRunning, Task
from splitflap_client.posts import submit
from splitflap_client.problems import Gone, KeyReused

from splitflap.errors import CommandError
from splitflap.transfer.lines import Batch, Changed, Line, Refusal, batch_between, batches
from splitflap.transfer.state import Part, Sending, State, load, save

if TYPE_CHECKING:
    from collections.abc import Callable
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

#: The lines of a request that the API took, and its task.
Taken = tuple[Sequence[Line], Task[BatchResponse]]

#: What names a post in a problem of a batch.
_NAMED = re.compile(r"^posts\[(\d+)\][.:]? ?")


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
                if sending := self.state.sending:
                    batch = batch_between(file, self.state.position, sending.end)
                    self._import(transport, batch, sending, refused, progress)
                for batch in batches(file, self.state.position):
                    self._import(transport, batch, _whole(batch), refused, progress)
            except Changed:
                place = sending.end if (sending := self.state.sending) else self.state.position
                raise CommandError(
                    f"{self._path} has changed before line {place.lines + 1}, so the import "
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

    def _import(
        self,
        transport: Transport,
        batch: Batch,
        sending: Sending,
        refused: BinaryIO,
        progress: Callable[[], None],
    ) -> None:
        """Send a batch, wait for its end, then record its results."""
        tasks, refusals = self._send(transport, batch, sending)
        refusals += batch.refusals
        imported = 0
        for lines, task in tasks:
            failed = _failed(lines, task, progress)
            refusals += failed
            imported += len(lines) - len(failed)
        refused.writelines(
            msgspec.json.encode(each) + b"\n"
            for each in sorted(refusals, key=lambda refusal: refusal.line)
        )
        refused.flush()
        os.fsync(refused.fileno())
        self._save(
            State(
                self.state.url,
                batch.end,
                self.state.imported + imported,
                self.state.refused + len(refusals),
                os.fstat(refused.fileno()).st_size,
            )
        )
        progress()

    def _send(
        self, transport: Transport, batch: Batch, sending: Sending
    ) -> tuple[list[Taken], list[Refusal]]:
        """Send the parts of a batch, and smaller ones in place of those that the API refuses.

        The state has each part before it is sent. So the next run sends the same one again, even
        if its batches are of another size, or the API would now take what it has refused.

        Raises:
            Problem: the API refuses the key, or has failed.
        """
        line = {each.number: each for each in batch.lines}
        taken: list[Taken] = []
        sent: list[Part] = []
        left, refusals = list(sending.parts), list(sending.refusals)
        while left:
            part, left = left[0], left[1:]
            sending = Sending(batch.end, [*sent, part, *left], refusals)
            if sending != self.state.sending:
                self._save(msgspec.structs.replace(self.state, sending=sending))
            lines = [line[number] for number in part.lines]
            try:
                task = _submit(transport, lines, part.key)
            except (Gone, KeyReused) as problem:
                # An earlier run sent it, and its results are past their retention, or it was
                # another command's. Another key would make the posts again.
                refusals = [*refusals, *(_refusal(each, problem) for each in lines)]
            except Problem as problem:
                if problem.status not in OF_A_POST:
                    raise
                smaller, named = _without_refused(lines, problem)
                left = [*(_part(batch, each) for each in smaller if each), *left]
                refusals = [*refusals, *named]
            else:
                sent.append(part)
                taken.append((lines, task))
        return taken, refusals

    def _save(self, state: State) -> None:
        self.state = state
        save(self._state_path, state)


def _whole(batch: Batch) -> Sending:
    """A batch in one part."""
    return Sending(batch.end, [_part(batch, batch.lines)] if batch.lines else [])


def _part(batch: Batch, lines: Sequence[Line]) -> Part:
    return Part([each.number for each in lines], _key(batch.begin.offset, lines))


def _submit(transport: Transport, lines: Sequence[Line], key: str) -> Task[BatchResponse]:
    """Send lines in one request."""
    body = {"posts": [msgspec.Raw(each.post) for each in lines]}
    path = ["posts", "batch"]
    return submit(transport, BatchResponse, "POST", path, body, 0.0, low=True, idempotency_key=key)


def _without_refused(
    lines: Sequence[Line], problem: Problem
) -> tuple[list[Sequence[Line]], list[Refusal]]:
    """The lines without the one that a problem names, and its refusal; or two halves."""
    named = 0 if len(lines) == 1 else _named(problem, len(lines))
    if named is None:
        middle = len(lines) // 2
        return [lines[:middle], lines[middle:]], []
    return [[*lines[:named], *lines[named + 1 :]]], [_refusal(lines[named], problem)]


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
