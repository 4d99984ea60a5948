"""What the API offers, declared once: an operation is served, validated and documented from this.

A view gets its path parameters by name, and `body` and `query` as the models that they must fit.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

#: Where a request's operation is noted for those who count, in its WSGI environment.
ENDPOINT = "splitflap.endpoint"


@dataclass(frozen=True)
class Parameter:
    """A header of a request or a response, for the documentation."""

    name: str
    doc: str
    schema: Mapping[str, Any]


@dataclass(frozen=True)
class ResponseSpec:
    """A response: its body's model, or one of several, or none; its media type and headers."""

    doc: str
    model: type[Any] | tuple[type[Any], ...] | None = None
    media_type: str = "application/json"
    headers: tuple[Parameter, ...] = ()

    @property
    def models(self) -> tuple[type[Any], ...]:
        """What the body may be."""
        if self.model is None:
            return ()
        return self.model if isinstance(self.model, tuple) else (self.model,)


@dataclass(frozen=True)
class Operation:
    """A method on a path below the API's prefix. `problems` are slugs of contract/problems.py.

    `scope` is what the caller's key must have; None leaves the operation open to all.
    """

    method: str
    path: str
    name: str
    summary: str
    view: Callable[..., Any]
    answers: Mapping[int, ResponseSpec]
    scope: str | None = "read"
    body: type[Any] | None = None
    query: type[Any] | None = None
    headers: tuple[Parameter, ...] = ()
    problems: tuple[str, ...] = field(default=())
