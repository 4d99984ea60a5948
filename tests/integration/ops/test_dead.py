"""`splitflap dead`: its requests and its output."""

import json

import pytest

from .conftest import Run
from .stub_api import StubAnswer, StubApi, problem


def letter(name: str, *, replayed: bool = False) -> dict[str, str | None]:
    """A dead letter in a list."""
    return {
        "id": name,
        "queue": "render",
        "reason": "deadline",
        "job": "j1",
        "account": "ann",
        "created_at": "2026-01-02T03:04:05.678Z",
        "replayed_at": "2026-01-03T00:00:00.000Z" if replayed else None,
        "body": None,
    }


def two_pages(api: StubApi) -> None:
    """Two pages: d3 and d2 (replayed), then d1. The second request has no replayed letters."""
    last = StubAnswer(200, {"items": [letter("d1")], "next": None})
    for replayed, names in (("", ["d3", "d2"]), ("replayed=false&", ["d3"])):
        items = [letter(name, replayed=name == "d2") for name in names]
        api.on(f"GET /v1/dead?{replayed}limit=100", StubAnswer(200, {"items": items, "next": "d2"}))
        api.on(f"GET /v1/dead?{replayed}limit=100&after=d2", last)


def answers_done(api: StubApi, verb: str, *done: "tuple[int, list[str]]") -> None:
    """Answer batches: how many were done, and the ids that are left."""
    answers = [StubAnswer(200, {"done": n, "refused": [], "left": left}) for n, left in done]
    api.on(f"POST /v1/dead:{verb}", *answers)


def bodies(api: StubApi, verb: str) -> list[list[str]]:
    """The ids of each batch that was sent."""
    return [each.body["ids"] for each in api.sent(f"POST /v1/dead:{verb}")]


def test_dead_letters_of_all_pages_are_listed(run: Run, api: StubApi) -> None:
    """--all includes replayed letters."""
    two_pages(api)
    lines = run("dead", "list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["id", "d3", "d1"]
    everything = json.loads(run("dead", "list", "--all", "--json").stdout)
    assert [each["id"] for each in everything["items"]] == ["d3", "d2", "d1"]


def test_a_limit_ends_the_paging(run: Run, api: StubApi) -> None:
    """A limit ends the paging."""
    two_pages(api)
    assert len(run("dead", "list", "--limit", "1").stdout.splitlines()) == 2
    assert len(api.requests) == 1


def test_a_dead_letter_is_shown_with_its_body(run: Run, api: StubApi) -> None:
    """Control characters are escaped."""
    api.on("GET /v1/dead/d1", StubAnswer(200, letter("d1") | {"body": '{"text":"\x1b]0;x"}'}))
    result = run("dead", "show", "d1")
    assert "reason      deadline\n" in result.stdout
    assert '{"text":"\\x1b]0;x"}' in result.stdout
    assert json.loads(run("dead", "show", "d1", "--json").stdout)["body"] == '{"text":"\x1b]0;x"}'


FILTERS = {
    ("--reason", "broken"): "reason=broken",
    ("--kind", "render"): "queue=render",
    ("--account", "ann"): "account=ann",
    ("--older-than", "2h"): "older_than=7200.0",
    ("--newer-than", "15min"): "newer_than=900.0",
    ("--older-than", "1.5d"): "older_than=129600.0",
    ("--newer-than", "90s"): "newer_than=90.0",
}


@pytest.mark.parametrize("option", FILTERS, ids=" ".join)
@pytest.mark.parametrize("command", ["list", "replay", "drop"])
def test_the_api_filters_dead_letters(
    run: Run, api: StubApi, command: str, option: tuple[str, str]
) -> None:
    """`list`, `replay` and `drop` select the same letters by the same options."""
    page = StubAnswer(200, {"items": [letter("d9")], "next": None})
    api.on(f"GET /v1/dead?{FILTERS[option]}&replayed=false&limit=100", page)
    answers_done(api, command, (1, []))
    matching = [] if command == "list" else ["--matching", "--yes"]
    result = run("dead", command, *matching, *option)
    assert result.exit_code == 0, result.output
    if command != "list":
        (sent,) = api.sent(f"POST /v1/dead:{command}")
        found_by = f"all {FILTERS[option]}&replayed=false"
        assert sent.body == {"ids": ["d9"], "filter": found_by}, "for the audit"


@pytest.mark.parametrize("age", ["", "2", "h", "2 weeks", "-2h", "nan", "1e3s", "2h30min"])
def test_an_age_has_a_number_and_a_unit(run: Run, api: StubApi, age: str) -> None:
    """The message has examples. No request is sent."""
    result = run("dead", "list", "--older-than", age)
    assert result.exit_code == 2
    assert "is no duration such as 90s, 15min, 2h or 7d" in result.stderr
    assert api.requests == []


@pytest.mark.parametrize(("verb", "participle"), [("replay", "replayed"), ("drop", "dropped")])
def test_many_letters_need_an_answer_to_their_number(
    run: Run, api: StubApi, verb: str, participle: str
) -> None:
    """Without an answer or with `n`, nothing is done."""
    two_pages(api)
    answers_done(api, verb, (2, []))
    for stdin in ("", "n\n"):
        result = run("dead", verb, "--all", stdin=stdin)
        assert result.exit_code == 1
        assert result.stdout.startswith("2 dead letters match\n")
        assert f"nothing was done; to {verb} them without a question, add --yes" in result.stderr
        assert bodies(api, verb) == []
    result = run("dead", verb, "--all", stdin="y\n")
    assert result.exit_code == 0
    assert f"{participle} 2 of 2\n" in result.stdout
    assert bodies(api, verb) == [["d3", "d1"]]


def test_yes_answers_the_question(run: Run, api: StubApi) -> None:
    """The number is printed all the same."""
    two_pages(api)
    answers_done(api, "drop", (2, []))
    result = run("dead", "drop", "--all", "--yes")
    assert (result.exit_code, result.stdout) == (0, "2 dead letters match\ndropped 2 of 2\n")


def test_exactly_the_counted_letters_are_worked_on(run: Run, api: StubApi) -> None:
    """In batches of 100. The API returns what its time did not suffice for."""
    names = [f"d{n}" for n in range(150)]
    api.on(
        "GET /v1/dead?replayed=false&limit=100",
        StubAnswer(200, {"items": [letter(name) for name in names], "next": None}),
    )
    answers_done(api, "replay", (60, names[60:100]), (90, []))
    result = run("dead", "replay", "--all", "--yes")
    assert result.stdout.endswith("replayed 150 of 150\n")
    assert bodies(api, "replay") == [names[:100], names[60:]]


def test_no_match_asks_nothing(run: Run, api: StubApi) -> None:
    """No letter matches, so nothing is to be done."""
    api.on(
        "GET /v1/dead?reason=x&replayed=false&limit=100",
        StubAnswer(200, {"items": [], "next": None}),
    )
    result = run("dead", "drop", "--matching", "--reason", "x")
    assert (result.exit_code, result.stdout) == (0, "0 dead letters match\ndropped 0 of 0\n")


def test_named_letters_need_no_answer(run: Run, api: StubApi) -> None:
    """A refused letter does not end the others. The exit status is 1."""
    refused = [{"id": "d1", "detail": "the post was deleted, edited or rendered meanwhile"}]
    api.on("POST /v1/dead:replay", StubAnswer(200, {"done": 1, "refused": refused, "left": []}))
    result = run("dead", "replay", "d1", "d2")
    assert result.exit_code == 1
    assert result.stdout == "replayed 1 of 2\n"
    assert "d1: the post was deleted, edited or rendered meanwhile\n" in result.stderr
    assert "1 cannot be replayed" in result.stderr
    assert bodies(api, "replay") == [["d1", "d2"]]


@pytest.mark.parametrize(("verb", "participle"), [("replay", "replayed"), ("drop", "dropped")])
def test_a_letter_that_is_named_twice_counts_once(
    run: Run, api: StubApi, verb: str, participle: str
) -> None:
    """`1 of 2` would look like a failure."""
    answers_done(api, verb, (1, []))
    result = run("dead", verb, "d1", "d1")
    assert (result.exit_code, result.stdout) == (0, f"{participle} 1 of 1\n")
    assert bodies(api, verb) == [["d1"]]


def test_a_missing_letter_is_a_failure_of_a_drop(run: Run, api: StubApi) -> None:
    """A mistyped id is not taken for a success."""
    refused = [{"id": "d1", "detail": "no dead letter d1"}]
    api.on("POST /v1/dead:drop", StubAnswer(200, {"done": 0, "refused": refused, "left": []}))
    result = run("dead", "drop", "d1")
    assert (result.exit_code, result.stdout) == (1, "dropped 0 of 1\n")
    assert "d1: no dead letter d1\n" in result.stderr


def test_a_repetition_is_advised_only_if_it_may_help(run: Run, api: StubApi) -> None:
    """A refusal for good comes again."""
    api.on("POST /v1/dead:replay", problem(422, "The request is invalid", "ids[0]: expected an id"))
    result = run("dead", "replay", "nonsense")
    assert result.exit_code == 1
    assert "ids[0]: expected an id" in result.stderr
    assert "run the command again" not in result.stderr
    assert "replayed 0 of 1\n" in result.stderr


def test_an_interrupted_replay_tells_how_to_go_on(run: Run, api: StubApi) -> None:
    """The number that was done is known."""
    names = [f"d{n}" for n in range(150)]
    api.on(
        "POST /v1/dead:replay",
        StubAnswer(200, {"done": 100, "refused": [], "left": []}),
        problem(500, "Something is wrong here", "the service has logged it"),
    )
    result = run("dead", "replay", *names)
    assert result.exit_code == 1
    assert "Something is wrong here (500)" in result.stderr
    assert "replayed 100 of 150; run the command again to go on with the rest" in result.stderr


def test_a_replay_waits_while_the_api_refuses_a_batch(run: Run, api: StubApi) -> None:
    """The workers are behind. It waits longer than other requests."""
    busy = problem(503, "Not now", "jobs have waited for 12 s")
    busy.headers["Retry-After"] = "0"
    done = StubAnswer(200, {"done": 1, "refused": [], "left": []})
    api.on("POST /v1/dead:replay", *[busy] * 20, done)
    result = run("dead", "replay", "d1")
    assert (result.exit_code, result.stdout) == (0, "replayed 1 of 1\n")


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("d1", "--all"),
        ("--matching",),
        ("--reason", "broken"),
        ("--all", "--account", "ann"),
        ("--matching", "--all", "--account", "ann"),
        ("d1", "--matching", "--account", "ann"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("verb", ["replay", "drop"])
def test_the_choice_of_letters_is_unambiguous(
    run: Run, api: StubApi, verb: str, arguments: tuple[str, ...]
) -> None:
    """Ids, or --matching with filters, or --all. A forgotten option never means all letters."""
    assert run("dead", verb, *arguments).exit_code == 2
    assert api.requests == []


def test_a_missing_scope_ends_a_replay(run: Run, api: StubApi) -> None:
    """The error is reported once, with the address that was asked."""
    api.on("POST /v1/dead:replay", problem(403, "The key may not do this", "lacks admin"))
    result = run("dead", "replay", "d1", "d2")
    assert result.exit_code == 1
    refused, asked, _ = result.stderr.splitlines()
    assert refused == "splitflap: The key may not do this (403): lacks admin"
    assert asked == f"  asked: POST {api.url}/v1/dead:replay"


@pytest.mark.parametrize("arguments", [(), ("--all", "d1")])
def test_replay_needs_ids_or_all(run: Run, arguments: tuple[str, ...]) -> None:
    """`dead replay` needs ids or --all."""
    assert run("dead", "replay", *arguments).exit_code == 2
