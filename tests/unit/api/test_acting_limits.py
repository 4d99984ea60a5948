"""The limits of an account that a key acts for."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from splitflap_api.overload.account_backlogs import AccountBacklog, AccountBacklogs
from splitflap_api.overload.acting import ActingLimits


@pytest.fixture
def accounts() -> AccountBacklogs:
    """No account has a backlog."""
    return AccountBacklogs()


@pytest.fixture
def acting(accounts: AccountBacklogs) -> ActingLimits:
    """A request in a minute for each account."""
    return ActingLimits(1 / 60, accounts)


@pytest.mark.parametrize(
    ("path", "headers", "body"),
    [
        ("", {"Splitflap-Account": "bob"}, {"text": "x"}),
        ("", {}, {"text": "x", "author": "bob"}),
        (
            "/batch",
            {},
            {"posts": [{"text": "x", "author": each} for each in ("bob", "ann", "bob")]},
        ),
    ],
)
def test_an_account_has_its_limits_however_a_request_names_it(
    client: FlaskClient, accounts: AccountBacklogs, path: str, headers: Any, body: Any
) -> None:
    """Its rate, and its backlog."""
    app: Any = client.post("/v1/keys", json={"account": "app", "scopes": ["write", "act"]}).json
    headers |= {"Authorization": f"Bearer {app['key']}"}

    def posted() -> tuple[int, str | None]:
        response: Any = client.post(f"/v1/posts{path}", json=body, headers=headers)
        return response.status_code, response.json.get("type")

    assert posted() == (202, None)
    assert posted() == (429, "/v1/problems/rate-limited")
    accounts.update({"bob": AccountBacklog("waiting", wait=37, limit=30)}, {})
    assert posted() == (429, "/v1/problems/backlog")
