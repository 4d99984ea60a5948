"""`splitflap keys`, `dead` and `status`: their requests and their output."""

import json
from typing import Any

import pytest

from tests.support import free_ports

from .conftest import Run
from .stub_api import StubAnswer, StubApi, problem, stub_api

KEY = {
    "id": "k1",
    "account": "ann",
    "name": "bot\x1b[2J",
    "scopes": ["read", "write"],
    "created_at": "2026-01-02T03:04:05.678Z",
    "revoked_at": None,
}


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


def test_create_prints_the_key_alone(run: Run, api: StubApi) -> None:
    """So KEY=$(...) works in a shell."""
    api.on("POST /v1/keys", StubAnswer(201, KEY | {"key": "sf_new"}))
    result = run(
        "keys", "create", "--account", "ann", "--scope", "read", "--scope", "write", "--name", "bot"
    )
    assert (result.exit_code, result.stdout) == (0, "sf_new\n")
    assert "its id is k1" in result.stderr
    assert api.requests[0].body == {"account": "ann", "scopes": ["read", "write"], "name": "bot"}


def test_create_prints_json(run: Run, api: StubApi) -> None:
    """`keys create --json` prints JSON."""
    api.on("POST /v1/keys", StubAnswer(201, KEY | {"key": "sf_new"}))
    result = run("keys", "create", "--account", "ann", "--scope", "read", "--json")
    assert json.loads(result.stdout) == KEY | {"key": "sf_new"}


def test_an_unknown_scope_is_wrong_usage(run: Run, api: StubApi) -> None:
    """No request is sent."""
    assert run("keys", "create", "--account", "a", "--scope", "root").exit_code == 2
    assert api.requests == []


def test_keys_are_listed(run: Run, api: StubApi) -> None:
    """Control characters are escaped in the table."""
    api.on("GET /v1/keys", StubAnswer(200, {"items": [KEY]}))
    head, row = run("keys", "list").stdout.splitlines()
    assert head.split() == ["id", "account", "scopes", "name", "created", "revoked"]
    assert row.split() == [
        "k1",
        "ann",
        "read,write",
        "bot\\x1b[2J",
        "2026-01-02T03:04:05.678Z",
        "-",
    ]
    assert json.loads(run("keys", "list", "--json").stdout) == {"items": [KEY]}


def test_a_key_is_revoked(run: Run, api: StubApi) -> None:
    """Its id is quoted in the path."""
    api.on("DELETE /v1/keys/k1", StubAnswer(204))
    assert run("keys", "revoke", "k1").exit_code == 0
    assert run("keys", "revoke", "../posts/p1").exit_code == 1
    assert api.requests[-1].path == "/v1/keys/..%2Fposts%2Fp1"


def test_the_last_admin_key_needs_force(run: Run, api: StubApi) -> None:
    """The refusal of the API is shown with its advice."""
    advice = "this is the last key with the scope admin. Create another one first"
    api.on("DELETE /v1/keys/k1", problem(409, "The state does not allow this", advice))
    api.on("DELETE /v1/keys/k1?force=true", StubAnswer(204))
    refused = run("keys", "revoke", "k1")
    assert refused.exit_code == 1
    assert advice in refused.stderr
    assert run("keys", "revoke", "k1", "--force").exit_code == 0


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


@pytest.mark.parametrize("name", ["", ".", ".."])
@pytest.mark.parametrize("command", [("dead", "show"), ("keys", "revoke")], ids=" ".join)
def test_an_argument_that_would_ask_for_another_address_is_refused(
    run: Run, api: StubApi, command: tuple[str, ...], name: str
) -> None:
    """A client removes such a part of a path, so the request would reach the list."""
    result = run(*command, name)
    assert result.exit_code == 1
    assert f"{name!r} is no id" in result.stderr
    assert api.requests == []


#: Options that take a number, and the rest of each command.
NUMBERS = [
    ("dead", "list", "--limit"),
    ("dead", "list", "--older-than"),
    ("load", "--rate"),
    ("load", "--count"),
    ("load", "--duration"),
    ("load", "--concurrency"),
    ("load", "--patience"),
    ("post", __file__, "--timeout"),
    ("status", "--watch"),
    ("up", "--ready-timeout"),
]


@pytest.mark.parametrize("number", ["nan", "inf", "1e400", "9" * 25, "-1"])
@pytest.mark.parametrize("command", NUMBERS, ids=" ".join)
def test_a_number_beyond_its_bounds_is_wrong_usage(
    run: Run, api: StubApi, command: tuple[str, ...], number: str
) -> None:
    """No request is sent."""
    result = run(*command, number)
    assert result.exit_code == 2, result.output
    assert api.requests == []


@pytest.mark.parametrize("option", ["--namespace", "--release"])
@pytest.mark.parametrize("name", ["..", "a/b", "a,b", "x" * 64])
def test_a_name_that_kubernetes_does_not_allow_is_wrong_usage(
    run: Run, option: str, name: str
) -> None:
    """It would be a part of a path, or of a selector."""
    result = run("status", option, name)
    assert result.exit_code == 2
    assert f"{name!r} is no name in Kubernetes" in result.stderr


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


STATUS = {
    "jobs": [{"kind": "scrape", "state": "unfinished", "count": 12, "oldest_seconds": 64.0}],
    "dead": 2,
    "running_tasks": 5,
}


def test_status_shows_services_and_waiting_jobs(
    run: Run, api: StubApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`status` shows services and waiting jobs."""
    ports = free_ports(3)
    monkeypatch.setenv("SPLITFLAP_HEALTH_PORT", str(ports[0]))
    api.on("GET /v1/status", StubAnswer(200, STATUS))
    with stub_api(ports[0]) as health:
        health.on("GET /readyz", StubAnswer(200, raw=b"ok"))
        result = run("status")
    lines = [line.split() for line in result.stdout.splitlines()]
    assert ["api", "ready"] in lines
    assert f"health port {ports[1]} does not answer" in result.stdout
    assert ["scrape", "unfinished", "12", "1.1", "min"] in lines
    assert ["running", "tasks", "5"] in lines
    assert ["dead", "letters", "2"] in lines


#: What a newer API adds to STATUS.
LIVE: dict[str, Any] = {
    "kinds": [
        {
            "kind": "render",
            "consumers": 2,
            "slots": 4,
            "queue_ready": 7,
            "in_flight": 3,
            "mean_seconds": 0.0084,
            "wanted": 1,
        },
        {
            "kind": "scrape",
            "consumers": None,
            "slots": None,
            "queue_ready": None,
            "in_flight": 0,
            "mean_seconds": None,
            "wanted": None,
        },
    ],
    "rates": {
        "accepted": 12.5,
        "finished": 12.0,
        "failed": 0.2,
        "refused": 0.0,
        "render": 12.5,
        "scrape": 30.117,
    },
    "shedding": [],
    "broker": {"up": True, "detail": None},
    "streams": 5,
    "replica": "1bf3785347c6",
    "api_replicas": 2,
}


@pytest.fixture
def _no_services(api: StubApi, monkeypatch: pytest.MonkeyPatch) -> None:
    """All health ports are those of the stub."""
    monkeypatch.setenv("SPLITFLAP_HEALTH_PORT", str(api.server.server_port))
    api.on("GET /readyz", StubAnswer(200, raw=b"ok"))


@pytest.mark.usefixtures("_no_services")
def test_status_shows_workers_rates_and_the_broker(run: Run, api: StubApi) -> None:
    """What the API does not know is a dash."""
    api.on("GET /v1/status", StubAnswer(200, STATUS | LIVE))
    shown = run("status").stdout
    rows = [line.split() for line in shown.splitlines()]
    assert ["render", "2", "1", "4", "7", "3", "8", "ms"] in rows
    assert ["scrape", "-", "-", "-", "-", "0", "-"] in rows
    assert (
        "last minute, per second: 12.5 accepted, 12 finished (0.2 failed), 0 refused; "
        "12.5 renders, 30.117 scrapes" in shown
    )
    assert "API replicas   2, with 5 event streams (asked: 1bf3785347c6)" in shown
    assert "broker         connected" in shown
    assert "shed           nothing" in shown


@pytest.mark.usefixtures("_no_services")
def test_status_shows_the_pods_that_kubernetes_tells(run: Run, api: StubApi) -> None:
    """The line is missing if it tells none."""
    render, scrape = LIVE["kinds"]
    told = {
        "kinds": [render | {"pods": {"wanted": 3, "ready": 2}}, scrape | {"pods": None}],
        "api_pods": {"wanted": 2, "ready": 2},
    }
    api.on("GET /v1/status", StubAnswer(200, STATUS | LIVE | told))
    shown = run("status").stdout
    assert "Kubernetes     api wanted 2, there 2; render wanted 3, there 2\n" in shown
    api.on("GET /v1/status", StubAnswer(200, STATUS | LIVE | {"api_pods": None}))
    assert "Kubernetes" not in run("status").stdout


@pytest.mark.usefixtures("_no_services")
def test_status_shows_what_is_shed_and_why(run: Run, api: StubApi) -> None:
    """And what is wrong with the broker. Texts of the API cannot control the terminal."""
    trouble = {
        "broker": {"up": False, "detail": "no connection"},
        "shedding": [
            {"reason": "unpublished", "detail": "work is unpublished"},
            {"reason": "rate", "detail": "3 requests\x1b[2J"},
        ],
    }
    api.on("GET /v1/status", StubAnswer(200, STATUS | LIVE | trouble))
    shown = run("status").stdout
    assert "broker         no connection" in shown
    assert "shed           unpublished: work is unpublished; rate: 3 requests" in shown
    assert "\x1b" not in shown


def test_status_shows_the_reason_of_an_unready_service(
    run: Run, api: StubApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`status` shows the reason of an unready service."""
    monkeypatch.setenv("SPLITFLAP_HEALTH_PORT", str(api.server.server_port))
    api.on("GET /v1/status", StubAnswer(200, STATUS))
    api.on("GET /readyz", StubAnswer(503, raw=b"broker: gone\n"))
    answer = json.loads(run("status", "--json").stdout)
    assert answer["services"]["api"] == "broker: gone"
    assert answer["running_tasks"] == 5


WAITING = {
    "account": "importer",
    "kind": "render",
    "held": 1000,
    "oldest_seconds": 64.0,
    "used_seconds": 8.25,
    "mean_seconds": 0.1,
    "why": "share",
}


def test_status_shows_the_accounts_that_wait(
    run: Run, api: StubApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has its oldest wait, its use of the workers, and the reason."""
    monkeypatch.setenv("SPLITFLAP_HEALTH_PORT", str(api.server.server_port))
    counts = {"waiting_accounts": [{"kind": "render", "count": 12}]}
    api.on("GET /v1/status", StubAnswer(200, STATUS | counts))
    api.on("GET /v1/status/accounts", StubAnswer(200, {"items": [WAITING]}))
    api.on("GET /readyz", StubAnswer(200, raw=b"ok"))
    shown = run("status").stdout
    assert "accounts that wait: 12 (render)" in shown
    row = ["importer", "render", "1000", "1.1", "min", "8.2", "s", "100", "ms", "share"]
    assert row in [line.split() for line in shown.splitlines()]
    assert json.loads(run("status", "--json").stdout)["accounts"] == [WAITING]


def test_an_empty_table_prints_none(run: Run, api: StubApi) -> None:
    """An empty table is printed as `none`."""
    api.on("GET /v1/keys", StubAnswer(200, {"items": []}))
    assert run("keys", "list").stdout == "none\n"
