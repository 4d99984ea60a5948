"""How far an import has come, in a file beside its input."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

from splitflap.errors import CommandError
from splitflap.transfer.lines import Position, Refusal

if TYPE_CHECKING:
    from pathlib import Path


class Part(msgspec.Struct, frozen=True):
    """The numbers of the lines of one request, and its idempotency key."""

    lines: list[int]
    key: str


class Sending(msgspec.Struct, frozen=True):
    """The batch under way, from the position of the state. Each of its parts may have arrived."""

    end: Position
    parts: list[Part]
    refusals: list[Refusal] = []


class State(msgspec.Struct, frozen=True):
    """The results of all lines before a position, and what may have been sent after it."""

    url: str
    position: Position = Position()
    imported: int = 0
    refused: int = 0
    #: Bytes of the file of refusals. What is beyond them belongs to lines after the position.
    refused_bytes: int = 0
    sending: Sending | None = None


def load(path: Path, url: str) -> State:
    """The state that a run has left; a new one if there is none.

    Raises:
        CommandError: it cannot be read, or belongs to another API.
    """
    try:
        state = msgspec.json.decode(path.read_bytes(), type=State)
    except FileNotFoundError:
        return State(url)
    except (OSError, msgspec.MsgspecError) as error:
        raise CommandError(f"cannot read the state of the import in {path}: {error}") from error
    if state.url != url:
        raise CommandError(
            f"{path} is the state of an import to {state.url}, not to {url}; give another --state"
        )
    return state


def save(path: Path, state: State) -> None:
    """Replace the state, also across a power failure."""
    new = path.with_name(f"{path.name}.new")
    with new.open("wb") as file:
        file.write(msgspec.json.encode(state))
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
