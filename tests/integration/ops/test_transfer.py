"""`splitflap import` and `splitflap export` against a stub of the API."""

import json
from pathlib import Path
from typing import Any

import pytest
from splitflap.transfer import lines
from splitflap.transfer.lines import MAX_POSTS

from .conftest import Run
from .stub_api import SentRequest, StubAnswer, StubApi, problem

BATCH = "POST /v1/posts/batch"

POSTS = [{"text": f"post {number}"} for number in range(4)]


class BatchApi:
    """Answers each batch: with `refuse(posts)` if that gives an answer, else with its posts."""

    def __init__(self, stub: StubApi) -> None:
        self.refuse: Any = lambda _: None
        #: The texts of each request, and of each post that was made.
        self.sent: list[list[str]] = []
        self.made: list[str] = []
        #: The idempotency keys of the requests that made posts.
        self.keys: list[str] = []
        self._original = stub.answer
        stub.answer = self.answer  # type: ignore[method-assign]

    def answer(self, sent: SentRequest) -> StubAnswer:
        """An answer by the body, for batches."""
        answer = self._original(sent)
        if f"{sent.method} {sent.path}" != BATCH or "Authorization" not in sent.headers:
            return answer
        texts = [each["text"] for each in sent.body["posts"]]
        self.sent.append(texts)
        refused: StubAnswer | None = self.refuse(sent.body["posts"])
        if refused:
            return refused
        self.made += texts
        self.keys.append(sent.headers["Idempotency-Key"])
        results = [{"status": 201, "post": "p", "problem": None} for _ in texts]
        return StubAnswer(200, {"kind": "batch", "results": results})


@pytest.fixture
def batch_api(api: StubApi) -> BatchApi:
    """An API of batches alone."""
    return BatchApi(api)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of four posts, in the folder of the command."""
    path = tmp_path / "posts.ndjson"
    path.write_text("".join(f"{json.dumps(each)}\n" for each in POSTS), encoding="utf-8")
    return path


def refused(file: Path) -> list[tuple[int, str]]:
    """The lines in FILE.refused, with the detail of their problems."""
    text = file.with_name(f"{file.name}.refused").read_text(encoding="utf-8")
    found = map(json.loads, text.splitlines())
    return [(each["line"], each["problem"]["detail"]) for each in found]


def test_posts_are_imported_at_low_priority(run: Run, api: StubApi, file: Path) -> None:
    """One request has all of them. A second run sends nothing."""
    batches = BatchApi(api)
    assert run("import", str(file)).exit_code == 0
    assert batches.made == ["post 0", "post 1", "post 2", "post 3"]
    assert api.requests[0].headers["Priority"] == "u=5"
    assert api.requests[0].headers["Idempotency-Key"].startswith('"import-')
    assert run("import", str(file)).exit_code == 0
    assert len(batches.sent) == 1
    assert not file.with_name("posts.ndjson.refused").exists()


def test_a_named_post_is_refused_alone(run: Run, batch_api: BatchApi, file: Path) -> None:
    """The others are sent again, with another key."""

    def refuse(posts: list[Any]) -> StubAnswer | None:
        for place, each in enumerate(posts):
            if each["text"] in {"post 1", "post 2"}:
                errors = [{"field": f"posts[{place}].text", "message": "wrong"}]
                return problem(422, "T", f"posts[{place}].text: wrong", errors=errors)
        return None

    batch_api.refuse = refuse
    result = run("import", str(file))
    assert (result.exit_code, batch_api.made) == (1, ["post 0", "post 3"])
    assert "2 lines were refused: see " in result.stderr
    assert refused(file) == [(2, "text: wrong"), (3, "text: wrong")]
    assert len(batch_api.sent) == 3


def test_a_post_that_no_problem_names_is_found(run: Run, batch_api: BatchApi, file: Path) -> None:
    """By sending halves."""
    batch_api.refuse = lambda posts: (
        problem(422, "T", "somewhere") if {"text": "post 2"} in posts else None
    )
    assert run("import", str(file)).exit_code == 1
    assert sorted(batch_api.made) == ["post 0", "post 1", "post 3"]
    assert refused(file) == [(3, "somewhere")]


@pytest.mark.parametrize("status", [401, 403, 500])
def test_a_refusal_of_the_key_ends_the_import(
    run: Run, batch_api: BatchApi, file: Path, status: int
) -> None:
    """The next run begins there."""
    batch_api.refuse = lambda _: problem(status, "T", "not you")
    result = run("import", str(file))
    assert (result.exit_code, len(batch_api.sent)) == (1, 1)
    assert "not you" in result.stderr
    batch_api.refuse = lambda _: None
    assert run("import", str(file)).exit_code == 0
    assert len(batch_api.made) == 4


def test_a_batch_past_its_retention_is_not_sent_in_parts(
    run: Run, batch_api: BatchApi, file: Path
) -> None:
    """Another body has another key, and would make the posts again."""
    batch_api.refuse = lambda _: _gone()
    assert run("import", str(file)).exit_code == 1
    assert (len(batch_api.sent), batch_api.made) == (1, [])
    assert [line for line, _ in refused(file)] == [1, 2, 3, 4]


def _gone() -> StubAnswer:
    answer = problem(410, "The task is gone", "gone")
    answer.body["type"] = "/v1/problems/gone"
    return answer


def test_a_failed_post_of_a_batch_is_refused(run: Run, api: StubApi, file: Path) -> None:
    """The final response of the batch tells it."""
    failed = problem(422, "The text cannot be rendered", "too deep", reason="refused").body
    results = [{"status": 201, "post": "p", "problem": None}] * 3
    results.insert(1, {"status": 422, "post": None, "problem": failed})
    api.on(BATCH, StubAnswer(202, {}, {"Location": "/v1/tasks/t1"}))
    api.on("GET /v1/tasks/t1", StubAnswer(200, {"kind": "batch", "results": results}))
    assert run("import", str(file)).exit_code == 1
    assert refused(file) == [(2, "too deep")]


def test_a_batch_is_recorded_once_it_has_ended(run: Run, api: StubApi, file: Path) -> None:
    """The state says that the lines before it have their results."""
    file.write_text('{"text": "a"}\n' * 3 * MAX_POSTS, encoding="utf-8")
    places = [{"Location": f"/v1/tasks/t{number}"} for number in range(3)]
    api.on(BATCH, *(StubAnswer(202, {}, place) for place in places))
    results = [{"status": 201, "post": "p", "problem": None}] * MAX_POSTS
    api.on("GET /v1/tasks/t0", StubAnswer(200, {"kind": "batch", "results": results}))
    api.on("GET /v1/tasks/t1", problem(500, "T", "broken"))
    result = run("import", str(file))
    assert (result.exit_code, "broken" in result.stderr) == (1, True)
    state = json.loads(file.with_name("posts.ndjson.state").read_bytes())
    assert (state["position"]["lines"], state["imported"]) == (MAX_POSTS, MAX_POSTS)


def test_what_was_sent_is_sent_again_as_it_was(
    run: Run, batch_api: BatchApi, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a kill in between, also with larger batches, more lines, and a more lenient API."""
    monkeypatch.setattr(lines, "MAX_POSTS", 3)
    batch_api.refuse = lambda posts: (
        problem(422, "T", "later", errors=[{"field": "posts[1].text", "message": "later"}])
        if {"text": "post 1"} in posts
        else None
    )
    with monkeypatch.context() as killed:
        killed.setattr("splitflap.transfer.run._failed", _kill)
        with pytest.raises(Killed):
            run("import", str(file))
    assert batch_api.made == ["post 0", "post 2"]
    batch_api.refuse = lambda _: None
    monkeypatch.setattr(lines, "MAX_POSTS", 100)
    with file.open("a", encoding="utf-8") as more:
        more.write('{"text": "post 4"}\n')
    assert run("import", str(file)).exit_code == 1
    assert batch_api.sent[2:] == [["post 0", "post 2"], ["post 3", "post 4"]]
    assert batch_api.keys[0] == batch_api.keys[1] != batch_api.keys[2]
    assert [line for line, _ in refused(file)] == [2]


class Killed(BaseException):
    """A kill, for which no code is ready."""


def _kill(*_: Any) -> None:
    raise Killed


def test_a_request_under_its_key_with_other_bytes_is_not_sent_in_parts(
    run: Run, batch_api: BatchApi, file: Path
) -> None:
    """A release that writes lines otherwise, or a command of another file."""
    answer = problem(422, "Another request", "reused")
    answer.body["type"] = "/v1/problems/key-reused"
    batch_api.refuse = lambda _: answer
    assert run("import", str(file)).exit_code == 1
    assert (len(batch_api.sent), batch_api.made) == (1, [])


def test_a_line_of_a_request_under_way_may_not_change(
    run: Run, batch_api: BatchApi, file: Path
) -> None:
    """It may be a post already."""
    batch_api.refuse = lambda _: problem(500, "T", "broken")
    assert run("import", str(file)).exit_code == 1
    file.write_text(file.read_text(encoding="utf-8").replace("post 1", "post X"), encoding="utf-8")
    result = run("import", str(file))
    assert "has changed before line 5" in result.stderr
    assert len(batch_api.sent) == 1


def test_refusals_after_the_state_are_written_once(
    run: Run, batch_api: BatchApi, file: Path
) -> None:
    """A killed run may have written some whose batch it did not record."""
    batch_api.refuse = lambda posts: problem(422, "T", "wrong") if len(posts) == 1 else None
    file.write_text('{"text": "a"}\n', encoding="utf-8")
    file.with_name("posts.ndjson.refused").write_text('{"line": 1}\n', encoding="utf-8")
    assert run("import", str(file)).exit_code == 1
    assert refused(file) == [(1, "wrong")]


def test_a_changed_file_is_not_gone_on_with(run: Run, batch_api: BatchApi, file: Path) -> None:
    """The message names the state."""
    assert run("import", str(file)).exit_code == 0
    file.write_text(file.read_text(encoding="utf-8").replace("post 1", "post X"), encoding="utf-8")
    result = run("import", str(file))
    assert result.exit_code == 1
    assert "has changed before line 5" in result.stderr
    assert "posts.ndjson.state" in result.stderr


def test_lines_that_came_after_a_kill_are_batches_of_their_own(
    run: Run, api: StubApi, file: Path
) -> None:
    """The batch in flight keeps its idempotency key. A file without its end is another one."""
    api.on(BATCH, StubAnswer(202, {}, {"Location": "/v1/tasks/t"}))
    api.on("GET /v1/tasks/t", problem(500, "T", "broken"))
    assert run("import", str(file)).exit_code == 1
    (killed,) = [each for each in api.requests if each.method == "POST"]
    batches = BatchApi(api)
    whole = file.read_bytes()
    file.write_bytes(whole + b'{"text": "later"}\n')
    assert run("import", str(file)).exit_code == 0
    assert [len(texts) for texts in batches.sent] == [4, 1]
    _, again, _ = [each for each in api.requests if each.method == "POST"]
    assert again.headers["Idempotency-Key"] == killed.headers["Idempotency-Key"]
    file.write_bytes(whole)
    assert "has changed" in run("import", str(file)).stderr


def test_a_list_of_refusals_that_was_moved_away_begins_anew(
    run: Run, batch_api: BatchApi, file: Path
) -> None:
    """Without a hole."""
    batch_api.refuse = lambda posts: problem(422, "T", "wrong") if len(posts) == 1 else None
    file.write_text('{"text": "a"}\n', encoding="utf-8")
    run("import", str(file))
    file.with_name("posts.ndjson.refused").unlink()
    file.write_text('{"text": "a"}\n{"text": "b"}\n', encoding="utf-8")
    run("import", str(file))
    assert refused(file) == [(2, "wrong")]


def test_a_failure_of_a_file_has_a_message(run: Run, batch_api: BatchApi, file: Path) -> None:
    """As on a full disk: no traceback. The import goes on later."""
    missing = file.with_name("missing") / "state"
    result = run("import", str(file), "--state", str(missing))
    assert (result.exit_code, result.exception.__class__) == (1, SystemExit)
    assert "splitflap: cannot" in result.stderr
    assert "missing" in result.stderr
    assert batch_api.made == []


def test_posts_are_exported_from_all_pages(run: Run, api: StubApi) -> None:
    """A line has the id and the fields of a new post."""
    post = {
        "kind": "post",
        "id": "p1",
        "channel": "c",
        "author": "ann",
        "created_at": "2026-01-02T03:04:05.678Z",
        "text": "é",
        "html": "<p>",
        "flavour": "gfm",
        "breaks": True,
        "parent": None,
    }
    first = StubAnswer(200, {"items": [post], "next": "p1"})
    second = StubAnswer(200, {"items": [post | {"id": "p2"}], "next": None})
    api.on("GET /v1/posts", first, second)
    result = run("export", "--channel", "c", "--since", "2026-01-01T00:00:00Z", "--after", "p0")
    assert result.exit_code == 0
    lines = [json.loads(each) for each in result.stdout.splitlines()]
    assert [each["id"] for each in lines] == ["p1", "p2"]
    assert set(lines[0]) == set(post) - {"kind", "html"}
    assert "order=oldest&channel=c&since=2026-01-01T00%3A00%3A00Z" in api.requests[0].path
    assert ["after=p0" in api.requests[0].path, "after=p1" in api.requests[1].path] == [True] * 2
