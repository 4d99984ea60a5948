"""Works and loads. A work has requests with their right answers, so a wrong one is counted.

The open loop is benchmarks/harness/pace.py. A thin loop of /ping runs beside it.
"""

import hashlib
import json
import math
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cache

from benchmarks.harness.pace import PacedLoad, PacedResult, paced, pacing, request

from .page_site import title

#: Different requests of one work, so that an answer to another request is seen as wrong.
DIFFERENT = 12

#: Requests a second of the thin loop of /ping.
PING_RATE = 20.0

#: Connections of the thin loop: each waiting /ping holds one.
PING_CONNECTIONS = 100


@dataclass(frozen=True)
class Work:
    """Requests of one class, sent in turn, each with its right answer."""

    name: str
    targets: tuple[str, ...]
    #: The right body of each target.
    answers: tuple[bytes, ...]
    #: The JSON that each request sends; empty for GET.
    bodies: tuple[bytes, ...] = ()

    def requests(self, *, closes: bool) -> list[str]:
        """The texts of the requests."""
        if not self.bodies:
            return [request("GET", target, closes=closes) for target in self.targets]
        pairs = zip(self.targets, self.bodies, strict=True)
        return [request("POST", target, body=body, closes=closes) for target, body in pairs]

    def moved(self, path: str) -> "Work":
        """The same requests and answers at another path."""
        targets = (f"{path}?{target.partition('?')[2]}" for target in self.targets)
        return replace(self, targets=tuple(targets))

    def expected(self) -> list[str]:
        """The SHA-256 of each right answer."""
        return [hashlib.sha256(answer).hexdigest() for answer in self.answers]


@dataclass(frozen=True)
class Load:
    """One load on one port. `fresh`: each request has a connection of its own."""

    port: int
    rate: float
    seconds: float
    connections: int
    fresh: bool
    warm_up: float = 0.5
    #: Whether a request that finds no free connection in time stays unsent.
    ends_on_time: bool = True

    def of(self, work: Work) -> PacedLoad:
        """The load as the generator takes it."""
        return PacedLoad(
            self.port,
            self.rate,
            self.warm_up + self.seconds,
            self.connections,
            work.requests(closes=self.fresh),
            warm_up=self.warm_up,
            ends_on_time=self.ends_on_time,
            expected=work.expected(),
            fresh=self.fresh,
        )


@dataclass
class Sent:
    """What came back: of the class under test, and of /ping beside it."""

    work: PacedResult
    pings: PacedResult
    #: What `during` returned.
    seen: float = math.nan


def send(load: Load, work: Work, *, pings: bool, during: Callable[[], float]) -> Sent:
    """Send a load, with pings beside it. `during` is called once while it runs."""
    beside = Load(load.port, PING_RATE, load.seconds, PING_CONNECTIONS, load.fresh, load.warm_up)
    with ExitStack() as stack:
        results = stack.enter_context(pacing(load.of(work)))
        beside_results = stack.enter_context(pacing(beside.of(PING))) if pings else [PacedResult()]
        seen = during()
    return Sent(results[0], beside_results[0], seen)


def send_alone(load: Load, work: Work) -> PacedResult:
    """Send a load with nothing beside it."""
    return paced(load.of(work))


PING = Work("ping", ("/ping",), (b"pong\n",))


def io(numbers: Sequence[int] = range(DIFFERENT)) -> Work:
    """Requests that wait for another site."""
    targets = tuple(f"/io?number={number}" for number in numbers)
    return Work("io", targets, tuple(title(number).encode() for number in numbers))


def cpu(sections: int, numbers: Sequence[int] = range(DIFFERENT)) -> Work:
    """Requests that compute. `sections` is the application's TALK_SECTIONS."""
    targets = tuple(f"/cpu?number={number}" for number in numbers)
    return Work("cpu", targets, tuple(_html(number, sections) for number in numbers))


def db(numbers: Sequence[int] = range(DIFFERENT)) -> Work:
    """Requests that wait for the database."""
    targets = tuple(f"/db?number={number}" for number in numbers)
    return Work("db", targets, tuple(str(number).encode() for number in numbers))


def posts(site: str, numbers: Sequence[int] = range(DIFFERENT), links: int = 2) -> Work:
    """Posts with links. `site` is the URL of the page site."""
    answers, bodies = [], []
    for number in numbers:
        linked = [number * links + each for each in range(links)]
        source = f"Post *{number}*\n\n" + " ".join(f"<{site}/page/{each}>" for each in linked)
        titles = [title(each) for each in linked]
        bodies.append(json.dumps({"text": source}).encode())
        answers.append(_json({"html": _render(source), "titles": titles}))
    return Work("post", ("/post",) * len(bodies), tuple(answers), tuple(bodies))


@cache
def _html(number: int, sections: int) -> bytes:
    from .app import long_text

    return _render(long_text(number, sections)).encode()


def _render(source: str) -> str:
    from .app import render

    return render(source)


def _json(value: dict[str, object]) -> bytes:
    """The bytes of Flask's answer."""
    from .app import app

    with app.test_request_context():
        return bytes(app.make_response(value).get_data())
