"""The backend `InProcess`: threads, bounded memory, exceptions, cancelling.

The tests count its private tables, because the bounds of its memory show nowhere else.
"""

import gc
import itertools
import threading
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest
from werkzeug.exceptions import UnprocessableEntity

from asyncrequest import (
    NO_PRECONDITIONS,
    BackendFull,
    Final,
    InProcess,
    KeyReused,
    NoSuchTask,
    Submission,
    TaskGone,
    inprocess,
)
from asyncrequest.inprocess import Work
from small_app import PATIENCE


def submission(
    work: Work, key: str | None = None, fingerprint: str = "f", account: str = "me"
) -> Submission[Work]:
    """A request with `unchanged` as its responder."""
    return Submission(account, work, "unchanged", key, fingerprint)


@pytest.fixture
def backend() -> Iterator[InProcess]:
    """Two threads, ten tasks."""
    made = InProcess(2, keep=10)
    yield made
    made.stop(PATIENCE)


def final_of(backend: InProcess, task_id: str) -> Final:
    """Wait for the final response."""
    final = backend.wait("me", task_id, PATIENCE).final
    assert final is not None, "the task is still running"
    return final


def test_each_of_many_concurrent_tasks_gets_its_own_response() -> None:
    backend = InProcess(4, keep=500)

    def one(number: int) -> tuple[int, bytes]:
        task = backend.accept(submission(lambda: str(number)))
        return number, final_of(backend, task.id).body

    with ThreadPoolExecutor(16) as callers:
        assert all(body == str(number).encode() for number, body in callers.map(one, range(300)))
    backend.stop(PATIENCE)


def test_concurrent_requests_with_one_key_share_one_task(backend: InProcess) -> None:
    runs = itertools.count()
    start = threading.Barrier(16)

    def one(_: int) -> tuple[str, bytes]:
        start.wait(PATIENCE)
        task = backend.accept(submission(lambda: f"run {next(runs)}", "k"))
        return task.id, final_of(backend, task.id).body

    with ThreadPoolExecutor(16) as callers:
        answers = set(callers.map(one, range(16)))
    assert {body for _, body in answers} == {b"run 0"}
    assert len(answers) == 1


def test_a_key_of_another_request_is_refused(backend: InProcess) -> None:
    """While the task runs, and after."""
    task = backend.accept(submission(lambda: "x", "k"))
    with pytest.raises(KeyReused):
        backend.accept(submission(lambda: "y", "k", fingerprint="other"))
    final_of(backend, task.id)
    with pytest.raises(KeyReused):
        backend.accept(submission(lambda: "y", "k", fingerprint="other"))


@pytest.mark.parametrize(
    "error", [RuntimeError("secret"), SystemExit(3), UnicodeError("\udc00"), RecursionError()]
)
def test_an_exception_of_the_work_becomes_a_500(
    backend: InProcess, error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    """The response hides the exception, the log has it, and the thread goes on."""

    def work() -> Any:
        raise error

    for _ in range(3):
        final = final_of(backend, backend.accept(submission(work)).id)
        assert final.status == 500
        assert final.headers == (("Content-Type", "application/problem+json"),)
        problem = msgspec.json.decode(final.body)
        assert problem["detail"] == "the work failed; it is logged"
    assert final_of(backend, backend.accept(submission(lambda: "next")).id).body == b"next"
    logged = [record.exc_info for record in caplog.records]
    assert len(logged) == 3
    assert all(info is not None and info[1] is error for info in logged)


def test_an_http_exception_of_the_work_is_the_response(backend: InProcess) -> None:

    def work() -> Any:
        raise UnprocessableEntity("no prime")

    final = final_of(backend, backend.accept(submission(work)).id)
    assert final.status == 422
    assert b"no prime" in final.body


@pytest.mark.parametrize("value", [None, object(), ("x", 202)])
def test_an_invalid_value_of_the_responder_becomes_a_500(backend: InProcess, value: Any) -> None:
    assert final_of(backend, backend.accept(submission(lambda: value)).id).status == 500


def test_a_new_task_replaces_the_oldest_finished_one(backend: InProcess) -> None:
    """The old task is gone, and a repetition of its key too."""
    ids = []
    for number in range(15):
        task = backend.accept(submission(lambda: "x", f"k{number}"))
        final_of(backend, task.id)
        ids.append(task.id)
    for task_id in ids[:5]:
        with pytest.raises(TaskGone):
            backend.get("me", task_id)
        with pytest.raises(NoSuchTask):
            backend.get("else", task_id)
    assert all(backend.get("me", task_id).final for task_id in ids[5:])
    with pytest.raises(TaskGone):
        backend.accept(submission(lambda: "x", "k0"))
    assert len(backend._tasks) == 10


def test_running_tasks_are_never_replaced(backend: InProcess) -> None:
    """At the limit the backend refuses new tasks."""
    gate = threading.Event()
    running = [backend.accept(submission(lambda: gate.wait(PATIENCE) and "x")) for _ in range(10)]
    with pytest.raises(BackendFull) as refused:
        backend.accept(submission(lambda: "x"))
    assert refused.value.retry_after == inprocess.BUSY_RETRY_AFTER
    gate.set()
    assert all(final_of(backend, task.id).body == b"x" for task in running)
    backend.accept(submission(lambda: "x"))


def test_the_ids_and_keys_of_removed_tasks_are_bounded(
    backend: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inprocess, "MAX_GONE", 3)
    for number in range(8):
        task = backend.accept(submission(lambda: "x", f"k{number}"))
        backend.cancel("me", task.id, NO_PRECONDITIONS)
    assert len(backend._gone) == len(backend._keys) == 3
    assert backend.accept(submission(lambda: "x", "k0"))


def test_a_task_cancelled_before_its_start_never_runs() -> None:
    """Its waiters get TaskGone, and so does a repetition of its key."""
    backend = InProcess(1)
    gate, runs = threading.Event(), itertools.count()
    first = backend.accept(submission(lambda: gate.wait(PATIENCE) and "x"))
    second = backend.accept(submission(lambda: f"run {next(runs)}", "k"))
    with ThreadPoolExecutor(1) as caller:
        waiting = caller.submit(backend.wait, "me", second.id, 10 * PATIENCE)
        backend.cancel("me", second.id, NO_PRECONDITIONS)
        with pytest.raises(TaskGone):
            waiting.result(PATIENCE)
    with pytest.raises(TaskGone):
        backend.accept(submission(lambda: "again", "k"))
    gate.set()
    final_of(backend, first.id)
    backend.stop(PATIENCE)
    assert next(runs) == 0


def test_a_task_cancelled_while_running_has_no_result(backend: InProcess) -> None:
    gate, began = threading.Event(), threading.Event()

    def work() -> str:
        began.set()
        gate.wait(PATIENCE)
        return "x"

    task = backend.accept(submission(work))
    assert began.wait(PATIENCE)
    backend.cancel("me", task.id, NO_PRECONDITIONS)
    gate.set()
    with pytest.raises(TaskGone):
        backend.wait("me", task.id, PATIENCE)
    backend.stop(PATIENCE)
    assert not backend._tasks
    assert not backend._done


def test_a_finished_task_releases_its_work(backend: InProcess) -> None:

    class Upload:
        def read(self) -> str:
            return "x"

    upload = Upload()
    alive = weakref.ref(upload)
    task = backend.accept(submission(upload.read))
    del upload
    final_of(backend, task.id)
    backend.stop(PATIENCE)
    gc.collect()
    assert alive() is None


def test_stop_finishes_running_work_and_refuses_new(backend: InProcess) -> None:
    gate = threading.Event()
    task = backend.accept(submission(lambda: gate.wait(PATIENCE) and "x"))
    threading.Timer(0.05, gate.set).start()
    backend.stop(PATIENCE)
    with pytest.raises(BackendFull):
        backend.accept(submission(lambda: "x"))
    assert not any(thread.is_alive() for thread in backend._threads)
    assert task.id
