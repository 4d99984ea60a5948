"""`splitflap load`: its mix, its books, and how it takes a refusal."""

import json
from collections import Counter

import pytest
from splitflap.load.ledger import Ledger
from splitflap.load.texts import BadMix, makers, order, page, parse_mix

from .conftest import Run
from .stub_api import Answer, StubApi, problem

BEGIN = Answer(200, raw=b"id: 7\nretry: 900\n\n")
DONE = Answer(200, raw=b'id: 8\nevent: done\ndata: {"task": "t1"}\n\n')


def accept(api: StubApi, *before: Answer) -> None:
    """An API that takes a post after these answers, and tells that it is done."""
    api.on("POST /v1/posts", *before, Answer(202, {}, {"Location": "/v1/tasks/t1"}))
    api.on("GET /v1/events?channel=c", BEGIN, DONE)


def test_a_mix_is_spread_over_its_round() -> None:
    """As many of each kind as its weight, none of them in one block."""
    kinds = order(parse_mix("plain=6, heavy=2,links"))
    assert Counter(kinds) == {"plain": 6, "heavy": 2, "links": 1}
    assert "heavy,heavy" not in ",".join(kinds)


@pytest.mark.parametrize("mix", ["", "plain=0", "poems", "plain=x", "plain=-1", "heavy=1.5"])
def test_a_mix_that_says_nothing(mix: str) -> None:
    """It is refused with what is wrong."""
    with pytest.raises(BadMix):
        parse_mix(mix)


def test_each_text_and_link_is_its_own() -> None:
    """Otherwise a preview would be known, and the scraper would have nothing to do."""
    for make in makers("http://site/{}").values():
        assert make("a") != make("b")
    assert page("http://site/slow", "t") == "http://site/slow?splitflap=t"
    assert page("http://site/slow?x=1", "t") == "http://site/slow?x=1&splitflap=t"


def test_an_end_may_be_told_before_its_202_was_read() -> None:
    """Events and answers come on different connections."""
    ledger = Ledger(["plain"], clock=iter([1.0, 3.5]).__next__)
    since = ledger.sent("plain")
    ledger.ended("t1", complete=True)
    ledger.accepted("plain", "t1", since)
    assert ledger.running() == []
    assert ledger.total().seconds == [2.5]


def test_a_quantile_is_the_nearest_rank() -> None:
    """Of a hundred values the 99th; nothing of none."""
    ledger = Ledger(["plain"])
    entry = ledger.entries["plain"]
    assert entry.quantile(0.99) is None
    entry.seconds = [float(value) for value in range(100, 0, -1)]
    assert (entry.quantile(0.5), entry.quantile(0.99)) == (50.0, 99.0)


def test_it_comes_again_when_it_was_told(run: Run, api: StubApi) -> None:
    """A 503 and a 429 are counted and waited out, and the post is there once all the same."""
    later = problem(503, "Too much to do", "come again")
    later.headers["Retry-After"] = "0"
    limited = problem(429, "Too many requests", "come again")
    limited.headers["Retry-After"] = "0"
    accept(api, later, limited)
    result = run("load", "--count", "1", "--channel", "c", "--json")
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout)["all"]
    assert (figures["sent"], figures["503"], figures["429"], figures["complete"]) == (1, 1, 1, 1)
    keys = {sent.headers["Idempotency-Key"] for sent in api.sent("POST /v1/posts")}
    assert len(keys) == 1


def test_a_task_that_no_event_tells_of_is_asked_for(run: Run, api: StubApi) -> None:
    """In the end, so that a broken stream makes no post unfinished."""
    accept(api)
    api.on("GET /v1/events?channel=c", BEGIN)
    api.on("GET /v1/tasks/t1", problem(422, "The text cannot be rendered", "too long"))
    result = run("load", "--count", "1", "--channel", "c", "--patience", "0", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["all"]["failed"] == 1


def test_an_api_that_refuses_for_good_ends_the_load(run: Run, api: StubApi) -> None:
    """With its reason, after one try."""
    accept(api)
    api.on("POST /v1/posts", problem(403, "Not allowed", "the key lacks the scope write"))
    result = run("load", "--count", "50", "--concurrency", "1", "--channel", "c")
    assert result.exit_code == 1
    assert "the key lacks the scope write" in result.stderr
    assert len(api.sent("POST /v1/posts")) == 1


def test_links_need_a_page(run: Run, api: StubApi) -> None:
    """No page of other people's is a default."""
    assert run("load", "--mix", "links").exit_code == 2
    assert api.requests == []
