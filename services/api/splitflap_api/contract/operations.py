"""The declaration of an operation. Routing, validation and OpenAPI are all made from it.

A view receives its path parameters by name, and `body` and `query` as instances of their models.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

#: Key in the WSGI environment for the operation's name. Admission labels its metrics with it.
ENDPOINT = "splitflap.endpoint"

#: Key of the WSGI environment with the operation's path, as a template.
ROUTE = "splitflap.route"

#: WSGI key of the exemplar of the request's time, if its trace is recorded.
EXEMPLAR = "splitflap.exemplar"

#: The scope of an operation that any valid key may use.
ANY_SCOPE = "any"


@dataclass(frozen=True)
class Parameter:
    """A documented header. `always`: every response that declares it has it."""

    name: str
    doc: str
    schema: Mapping[str, Any]
    always: bool = False


@dataclass(frozen=True)
class ResponseSpec:
    """A response: its body's model (None for no body), media type and headers.

    `final`: with `Prefer: wait`, it may come after a wait.
    """

    doc: str
    model: Any = None
    media_type: str = "application/json"
    headers: tuple[Parameter, ...] = ()
    final: bool = True


@dataclass(frozen=True)
class Operation:
    """A method on a path below the API's prefix. `problems` are slugs of contract/problems.py.

    The caller's key must have the `scope`, or any with ANY_SCOPE; None opens the operation to
    everybody. Without
    `checks_preconditions` the router checks them, before a change or after a read; with it, the
    view does so in the transaction of its change. `doc` adds to `summary` what a client must know.
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
    problems: tuple[str, ...] = ()
    doc: str = ""
    checks_preconditions: bool = False
