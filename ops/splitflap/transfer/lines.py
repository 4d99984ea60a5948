"""The file of an import (NDJSON), in batches."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import msgspec
from msgspec import Meta

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Most posts of a batch, and most bytes of several posts. The API takes 100 posts and 2 MiB, but a
#: user's post waits for the commit of a batch. Beside an import on busy CPUs, the p99 of such posts
#: was 2.5 s with four batches of 100 in flight, 1.05 s with one, 0.35 s with one of 25, and 0.25 s
#: without an import.
MAX_POSTS, MAX_BYTES = 25, 256 * 1024

#: Most bytes of one post: the API's limit of a body, less the braces.
MAX_LINE = 2 * 1024 * 1024 - 1024


@dataclass(frozen=True)
class Line:
    """A line with a post, as the API gets it."""

    number: int
    post: bytes


@dataclass(frozen=True)
class Refusal:
    """A line that became no post, and its problem (RFC 9457)."""

    line: int
    problem: dict[str, Any]

    @classmethod
    def of(cls, line: int, title: str, detail: str) -> Refusal:
        """One that is found before the API sees the line."""
        return cls(line, {"type": "about:blank", "title": title, "detail": detail})


@dataclass(frozen=True)
class Position:
    """A place between two lines: the bytes and lines before it, and the hash of those bytes."""

    offset: Annotated[int, Meta(ge=0)] = 0
    lines: Annotated[int, Meta(ge=0)] = 0
    sha256: str = hashlib.sha256().hexdigest()


@dataclass
class Batch:
    """Lines that go into one request, those that cannot, and the place after all of them."""

    begin: Position
    end: Position
    lines: list[Line] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)

    def add(self, raw: bytes, read: Line | Refusal | None, sha256: Any) -> None:
        """Add a line of the file, with the hash of all bytes before it."""
        sha256.update(raw)
        self.end = Position(self.end.offset + len(raw), self.end.lines + 1, sha256.hexdigest())
        if isinstance(read, Line):
            self.lines.append(read)
        elif read:
            self.refusals.append(read)


class Changed(Exception):
    """The file is another one than before: the bytes before the position differ."""


def batches(file: BinaryIO, begin: Position) -> Iterator[Batch]:
    """The batches of a file after a position.

    Raises:
        Changed: the position is not one of this file.
    """
    sha256 = _read_again(file, begin)
    batch, size = Batch(begin, begin), 0
    for raw in file:
        read = _read(batch.end.lines + 1, raw)
        length = len(read.post) + 1 if isinstance(read, Line) else 0
        if batch.lines and (size + length > MAX_BYTES or len(batch.lines) == MAX_POSTS):
            yield batch
            batch, size = Batch(batch.end, batch.end), 0
        batch.add(raw, read, sha256)
        size += length
    if batch.end != batch.begin:
        yield batch


def batch_between(file: BinaryIO, begin: Position, end: Position) -> Batch:
    """The batch of another run, which may have been of another size.

    Raises:
        Changed: the positions are not some of this file.
    """
    sha256 = _read_again(file, begin)
    batch = Batch(begin, begin)
    for raw in io.BytesIO(file.read(end.offset - begin.offset)):
        batch.add(raw, _read(batch.end.lines + 1, raw), sha256)
    if batch.end != end:
        raise Changed
    return batch


def _read_again(file: BinaryIO, until: Position) -> Any:
    """The hash of the bytes before a position, where the file is afterwards."""
    file.seek(0)
    sha256, left = hashlib.sha256(), until.offset
    while left and (part := file.read(min(left, 1 << 20))):
        sha256.update(part)
        left -= len(part)
    if sha256.hexdigest() != until.sha256:
        raise Changed
    return sha256


def _read(number: int, raw: bytes) -> Line | Refusal | None:
    """The post of a line; None for an empty one."""
    if not raw.strip():
        return None
    try:
        post = json.loads(raw, parse_constant=_no_json, object_pairs_hook=_members)
    except (ValueError, RecursionError) as error:
        return Refusal.of(number, "The line is not JSON", str(error))
    if not isinstance(post, dict):
        return Refusal.of(number, "The line is no post", "expected a JSON object")
    # An exported post has its id. The new one gets another.
    post.pop("id", None)
    try:
        line = Line(number, msgspec.json.encode(post))
    except (UnicodeError, RecursionError) as error:
        return Refusal.of(number, "The line is not Unicode", str(error))
    if len(line.post) > MAX_LINE:
        detail = f"expected at most {MAX_LINE} bytes, got {len(line.post)}"
        return Refusal.of(number, "The line is too large", detail)
    return line


def _no_json(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object. The API refuses a repeated field too, but gets what is read here."""
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a field is there twice")
    return members
