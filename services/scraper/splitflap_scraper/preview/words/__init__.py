"""Word lists as data, each with its origin."""

from importlib import resources
from typing import TypeVar

import msgspec

T = TypeVar("T")


def load(name: str, kind: type[T]) -> T:
    """Read NAME.toml of this folder.

    Raises:
        msgspec.ValidationError: the file does not have the structure of `kind`.
    """
    data = (resources.files(__package__) / f"{name}.toml").read_bytes()
    return msgspec.toml.decode(data, type=kind)
