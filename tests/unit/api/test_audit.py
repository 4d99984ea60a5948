"""The audit: a row and a log line for each change by an operator."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask.testing import FlaskClient
from splitflap_api.domain.operator import audit
from splitflap_api.http.services import Services
from splitflap_api.store import schema
from sqlalchemy.exc import OperationalError

from .rig import Rig, failed, outcome_of

DAY = 86_400_000


def entries(client: FlaskClient, query: str = "") -> list[tuple[str, str]]:
    """The changes, newest first: their actions and details."""
    answer: Any = client.get(f"/v1/audit{query}").json
    return [(each["action"], each["detail"]) for each in answer["items"]]


def new_letter(rig: Rig) -> str:
    """The id of a new dead letter."""
    known = {row["id"] for row in rig.rows(schema.dead_letters)}
    rig.apply(outcome_of(rig.job(rig.post()), failed("broken")))
    [letter] = {row["id"] for row in rig.rows(schema.dead_letters)} - known
    return str(letter)


def test_a_key_is_noted_without_its_secret(client: FlaskClient, rig: Rig) -> None:
    """When it is made, and once when it is revoked."""
    new = {"account": "ann", "scopes": ["read", "write"], "name": "x"}
    key: Any = client.post("/v1/keys", json=new).json
    for _ in range(2):
        assert client.delete(f"/v1/keys/{key['id']}").status_code == 204
    assert entries(client) == [
        ("key.revoked", key["id"]),
        ("key.created", f"{key['id']} of ann: read write"),
    ]
    assert key["key"] not in str(rig.rows(schema.audit))


def test_an_entry_names_the_caller(client: FlaskClient, services: Services) -> None:
    """The account and the key of the request. No browser was it."""
    key: Any = client.post("/v1/keys", json={"account": "ann", "scopes": ["admin"]}).json
    headers = {"Authorization": f"Bearer {key['key']}"}
    client.post("/v1/keys", json={"account": "bob", "scopes": ["read"]}, headers=headers)
    answer: Any = client.get("/v1/audit?limit=1").json
    [entry] = answer["items"]
    assert (entry["account"], entry["key_id"], entry["session_id"]) == ("ann", key["id"], None)
    assert services.keyring.caller(key["key"]) is not None


PAGE = {"Splitflap-Page": "1"}


def log_in(client: FlaskClient) -> tuple[FlaskClient, Any]:
    """A browser with a session of a new key, and the session."""
    key: Any = client.post("/v1/keys", json={"account": "ann", "scopes": ["admin"]}).json
    browser = client.application.test_client()
    session: Any = browser.post("/v1/session", json={"key": key["key"]}, headers=PAGE).json
    return browser, session


def test_an_entry_names_the_session_of_a_browser(client: FlaskClient) -> None:
    """Beside the key that the session stands for."""
    browser, session = log_in(client)
    new = {"account": "bob", "scopes": ["read"]}
    assert browser.post("/v1/keys", json=new, headers=PAGE).status_code == 201
    answer: Any = client.get("/v1/audit?limit=1").json
    [entry] = answer["items"]
    assert (entry["account"], entry["key_id"]) == ("ann", session["key_id"])
    assert entry["session_id"] == session["id"]


def test_the_end_of_a_session_is_noted(client: FlaskClient) -> None:
    """By its browser, by another one of the account, and by a new login."""
    browser, session = log_in(client)
    assert browser.delete("/v1/session", headers=PAGE).status_code == 204
    assert entries(client, "?limit=1") == [("session.ended", session["id"])]
    browser, session = log_in(client)
    key: Any = client.post("/v1/keys", json={"account": "ann", "scopes": ["read"]}).json
    browser.post("/v1/session", json={"key": key["key"]}, headers=PAGE)
    assert entries(client, "?limit=1") == [("session.ended", session["id"])]
    _, session = log_in(client)
    another, _ = log_in(client)
    assert another.delete(f"/v1/sessions/{session['id']}", headers=PAGE).status_code == 204
    assert entries(client, "?limit=1") == [("session.ended", session["id"])]


def test_the_audit_is_read_in_pages(client: FlaskClient) -> None:
    """Each change once."""
    for number in range(5):
        client.post("/v1/keys", json={"account": f"a{number}", "scopes": ["read"]})
    found: list[Any] = []
    query = "?limit=2"
    while True:
        page: Any = client.get(f"/v1/audit{query}").json
        found += page["items"]
        if page["next"] is None:
            break
        query = f"?limit=2&after={page['next']}"
    assert [each["detail"].split()[2] for each in found] == ["a4:", "a3:", "a2:", "a1:", "a0:"]


def test_a_refused_change_is_not_noted(client: FlaskClient, rig: Rig) -> None:
    """Nothing was changed."""
    keys = rig.rows(schema.keys)
    assert client.delete(f"/v1/keys/{keys[0]['id']}").status_code == 409
    letter = new_letter(rig)
    rig.change(schema.dead_letters, replayed_at=1)
    assert client.post("/v1/dead:replay", json={"ids": [letter]}).status_code == 200
    assert client.post(f"/v1/dead/{letter}/replay").status_code == 409
    gone = keys[0]["id"]
    assert client.post("/v1/dead:drop", json={"ids": [gone]}).status_code == 200
    assert entries(client) == []


@pytest.mark.parametrize(("verb", "action"), [("replay", "replayed"), ("drop", "dropped")])
def test_many_letters_are_one_entry(client: FlaskClient, rig: Rig, verb: str, action: str) -> None:
    """With the numbers, and with the filter that found them, or with their ids."""
    letters = [new_letter(rig) for _ in range(2)]
    missing = str(rig.rows(schema.keys)[0]["id"])
    client.post(f"/v1/dead:{verb}", json={"ids": [letters[0], missing]})
    client.post(f"/v1/dead:{verb}", json={"ids": [letters[1]], "filter": "reason=broken"})
    assert entries(client) == [
        (f"dead.{action}", "1, refused 0, left 0: reason=broken"),
        (f"dead.{action}", f"1, refused 1, left 0: {letters[0]} {missing}"),
    ]


def test_one_replayed_letter_is_named(client: FlaskClient, rig: Rig) -> None:
    """It is noted in the transaction of the replay."""
    letter = new_letter(rig)
    assert client.post(f"/v1/dead/{letter}/replay").status_code == 204
    assert entries(client) == [("dead.replayed", letter)]


@contextmanager
def unwritable(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The database takes no row of the audit."""

    def refuse(*_: Any) -> None:
        raise OperationalError("x", {}, Exception("gone"))

    with monkeypatch.context() as patch:
        patch.setattr(audit, "write", refuse)
        yield


@pytest.mark.parametrize("change", ["create", "revoke", "drop"])
def test_a_change_and_its_entry_are_one_transaction(
    client: FlaskClient, rig: Rig, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """No change is without its entry."""
    letter = new_letter(rig)
    key: Any = client.post("/v1/keys", json={"account": "a", "scopes": ["read"]}).json
    before = rig.rows(schema.keys), rig.rows(schema.dead_letters)
    with unwritable(monkeypatch):
        status = {
            "create": lambda: client.post("/v1/keys", json={"account": "a", "scopes": ["read"]}),
            "revoke": lambda: client.delete(f"/v1/keys/{key['id']}"),
            "drop": lambda: client.post("/v1/dead:drop", json={"ids": [letter]}),
        }[change]().status_code
    assert status == 503
    assert (rig.rows(schema.keys), rig.rows(schema.dead_letters)) == before


def test_replays_are_answered_although_their_entry_cannot_be_written(
    client: FlaskClient,
    rig: Rig,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """They are done. The log has the line."""
    letter = new_letter(rig)
    with unwritable(monkeypatch), caplog.at_level(logging.INFO):
        answer: Any = client.post("/v1/dead:replay", json={"ids": [letter]}).json
    assert answer["done"] == 1
    found = [each.getMessage() for each in caplog.records if "audit" in each.getMessage()]
    assert found[0] == f"audit: dead.replayed by admin: 1, refused 0, left 0: {letter}"
    assert "was not written" in found[1]


def test_a_change_is_a_line_of_the_log(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    """With the key, for those who keep logs longer than the table does."""
    with caplog.at_level(logging.INFO):
        key: Any = client.post("/v1/keys", json={"account": "a", "scopes": ["read"]}).json
    [line] = [each for each in caplog.records if each.getMessage().startswith("audit: ")]
    assert line.getMessage() == f"audit: key.created by admin: {key['id']} of a: read"
    assert line.__dict__["key_id"] == client.get("/v1/audit").json["items"][0]["key_id"]  # type: ignore[index]
    assert key["key"] not in str(line.__dict__)


def test_an_entry_is_kept_for_90_days(client: FlaskClient, rig: Rig) -> None:
    """The reconciler deletes older ones."""
    for _ in range(2):
        client.post("/v1/keys", json={"account": "a", "scopes": ["read"]})
    with rig.store.read() as tx:
        now = rig.store.now(tx)
    newer, older = rig.rows(schema.audit)
    for row, age in ((newer, 89), (older, 91)):
        with rig.store.write() as tx:
            change = schema.audit.update().where(schema.audit.c.id == row["id"])
            tx.execute(change.values(at=now - age * DAY))
    rig.reconcile()
    assert [row["id"] for row in rig.rows(schema.audit)] == [newer["id"]]
