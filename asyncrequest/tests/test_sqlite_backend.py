"""The example of a durable backend keeps the promises of `TaskBackend`."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask

from asyncrequest import (
    NO_PRECONDITIONS,
    AsyncRequests,
    KeyReused,
    Later,
    NoSuchTask,
    PreconditionFailed,
    Preconditions,
    Submission,
    TaskGone,
)

sys.path.insert(0, str(Path(__file__).parents[1] / "examples"))

from sqlite_backend import Call, SqliteBackend

FUNCTIONS = {"double": lambda number: 2 * number}
RESPONDERS = {"text": str}


@pytest.fixture
def backend(tmp_path: Path) -> SqliteBackend:
    return SqliteBackend(str(tmp_path / "tasks.db"))


def submission(number: int = 1, key: str | None = None) -> Submission[Call]:
    return Submission("me", Call("double", (number,)), "text", key, f"fingerprint {number}")


def test_an_accepted_task_survives_its_process(backend: SqliteBackend, tmp_path: Path) -> None:
    task = backend.accept(submission(21))
    successor = SqliteBackend(str(tmp_path / "tasks.db"))
    assert successor.get("me", task.id) == task
    assert successor.work_once(FUNCTIONS, RESPONDERS)
    final = backend.wait("me", task.id, 10).final
    assert final is not None
    assert (final.status, final.body) == (200, b"42")
    assert not backend.work_once(FUNCTIONS, RESPONDERS)


def test_concurrent_requests_with_one_key_share_one_task(backend: SqliteBackend) -> None:
    with ThreadPoolExecutor(8) as callers:
        states = list(callers.map(lambda _: backend.accept(submission(key="k")), range(16)))
    assert len({state.id for state in states}) == 1
    with pytest.raises(KeyReused):
        backend.accept(submission(2, key="k"))


def test_a_cancelled_task_is_gone_with_its_key(backend: SqliteBackend) -> None:
    task = backend.accept(submission(key="k"))
    with pytest.raises(NoSuchTask):
        backend.cancel("somebody else", task.id, NO_PRECONDITIONS)
    with pytest.raises(PreconditionFailed):
        backend.cancel("me", task.id, Preconditions(if_match=frozenset({'"1"'})))
    backend.cancel("me", task.id, NO_PRECONDITIONS)
    with pytest.raises(TaskGone):
        backend.get("me", task.id)
    assert not backend.work_once(FUNCTIONS, RESPONDERS)
    with pytest.raises(TaskGone):
        backend.accept(submission(key="k"))


def test_a_view_uses_it_like_any_backend(backend: SqliteBackend) -> None:
    app, later = Flask("durable"), AsyncRequests(backend)
    app.register_blueprint(later.blueprint())

    def double() -> Later[Call]:
        return Later(Call("double", (4,)))

    app.add_url_rule("/double", "double", later(str, name="text")(double), methods=["POST"])
    place = app.test_client().post("/double").headers["Location"]
    assert app.test_client().get(place).status_code == 202
    backend.work_once(FUNCTIONS, later.responders)
    assert app.test_client().get(place).data == b"8"
