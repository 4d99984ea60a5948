"""RabbitMQ's definitions: users with hashed passwords, and their rights."""

import base64
import hashlib
import json

import pytest
from splitflap_core.definitions import definitions, hashed
from splitflap_core.settings import BadSettings
from splitflap_core.topology import RIGHTS

ENVIRON = {
    "SPLITFLAP_VHOST": "v",
    **{f"SPLITFLAP_{name.upper()}_USER": f"u-{name}" for name in RIGHTS},
    **{f"SPLITFLAP_{name.upper()}_PASSWORD": f"secret of {name}" for name in RIGHTS},
}


def test_each_service_has_a_user_with_its_rights() -> None:
    """The users have one virtual host, no tags, and hashed passwords."""
    made = definitions(ENVIRON)
    assert {each["user"]: each["configure"] for each in made["permissions"]} == {
        f"u-{name}": rights.configure for name, rights in RIGHTS.items()
    }
    assert {each["tags"] for each in made["users"]} == {""}
    assert "secret of" not in json.dumps(made)


def test_a_password_hash_is_salted() -> None:
    """The hash has RabbitMQ's format."""
    raw = base64.b64decode(hashed("x"))
    assert raw[4:] == hashlib.sha256(raw[:4] + b"x").digest()
    assert hashed("x") != hashed("x")


@pytest.mark.parametrize("missing", ENVIRON)
def test_a_missing_variable_is_named(missing: str) -> None:
    """The message names the variable."""
    environ = {name: value for name, value in ENVIRON.items() if name != missing}
    with pytest.raises(BadSettings, match=missing):
        definitions(environ)


def test_two_services_cannot_share_a_user() -> None:
    """They would share their rights too."""
    with pytest.raises(BadSettings, match="share a user"):
        definitions({**ENVIRON, "SPLITFLAP_API_USER": "u-scraper"})
