"""Sessions: a key is exchanged for a cookie, which stands for the key until one of them ends."""

import re
from datetime import datetime, timedelta

from .browser import PAGE, Browser
from .conftest import MakeKey


def test_a_key_is_exchanged_for_a_cookie(stranger: Browser, make_key: MakeKey) -> None:
    """The session names the key and its account. The secret is in the cookie only."""
    key_id, key = make_key("read", "write", account="ann")
    agent = {"User-Agent": "Firefox/140 " + "x" * 300}
    answer = stranger.send("POST", "/v1/session", PAGE | agent, {"key": key})
    assert answer.status == 201
    assert answer.headers["Cache-Control"] == "no-store"
    session = answer.json
    assert (session["kind"], session["account"], session["key_id"]) == ("session", "ann", key_id)
    assert (set(session["scopes"]), session["current"]) == ({"read", "write"}, True)
    assert session["user_agent"] == agent["User-Agent"][:200]
    times = [datetime.fromisoformat(session[name]) for name in ("created_at", "expires_at")]
    assert times[1] - times[0] == timedelta(days=7)
    _, secret, _ = answer.cookie
    assert re.fullmatch(r"sfs_[A-Za-z0-9_-]{43}", secret)
    assert secret.encode() not in answer.body
    assert key.encode() not in answer.body


def test_the_cookie_stands_for_the_key(page: Browser, key: str) -> None:
    """It reads and writes as the key's account."""
    made = page.send("POST", "/v1/posts", PAGE, {"text": "x"})
    assert made.status == 202
    with_key = {"Authorization": f"Bearer {key}"}
    task = made.headers["Location"]
    assert page.send("GET", task).status == 202
    assert Browser(page.port).send("GET", task, with_key).status == 202
    assert page.send("GET", "/v1/session").json["current"] is True
