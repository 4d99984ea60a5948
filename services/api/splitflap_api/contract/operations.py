"""The declaration of an operation. Routing, validation and OpenAPI are all made from it.

A view receives its path parameters by name, and `body` and `query` as instances of their models.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

#: Key in the WSGI environment for the operation's name. Admission labels its metrics with it.
ENDPOINT = "splitflap.endpoint"


@dataclass(frozen=True)
class Parameter:
    """A documented header of a request or a response."""

    name: str
    doc: str
    schema: Mapping[str, Any]


@dataclass(frozen=True)
class ResponseSpec:
    """A response: its body's model (one, several alternatives or none), media type and headers."""

    doc: str
    model: type[Any] | tuple[type[Any], ...] | None = None
    media_type: str = "application/json"
    headers: tuple[Parameter, ...] = ()

    @property
    def models(self) -> tuple[type[Any], ...]:
        """The alternatives for the body."""
        if self.model is None:
            return ()
        return self.model if isinstance(self.model, tuple) else (self.model,)


@dataclass(frozen=True)
class Operation:
    """A method on a path below the API's prefix. `problems` are slugs of contract/problems.py.

    The caller's key must have the `scope`; None opens the operation to everybody.
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
