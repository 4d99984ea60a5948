"""RabbitMQ's definitions: users with hashed passwords, and the topology's rights."""

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
    """In the one virtual host, without tags, and without a password that could be read."""
    made = definitions(ENVIRON)
    assert {each["user"]: each["configure"] for each in made["permissions"]} == {
        f"u-{name}": rights.configure for name, rights in RIGHTS.items()
    }
    assert {each["tags"] for each in made["users"]} == {""}
    assert "secret of" not in json.dumps(made)


def test_a_hash_is_that_of_salt_and_password() -> None:
    """As RabbitMQ checks it; another salt each time."""
    raw = base64.b64decode(hashed("x"))
    assert raw[4:] == hashlib.sha256(raw[:4] + b"x").digest()
    assert hashed("x") != hashed("x")


@pytest.mark.parametrize("missing", ENVIRON)
def test_a_missing_variable_is_named(missing: str) -> None:
    """Rather than a user without a password."""
    environ = {name: value for name, value in ENVIRON.items() if name != missing}
    with pytest.raises(BadSettings, match=missing):
        definitions(environ)


def test_a_user_belongs_to_one_service() -> None:
    """Two that shared one would have each other's rights."""
    with pytest.raises(BadSettings, match="share a user"):
        definitions({**ENVIRON, "SPLITFLAP_API_USER": "u-scraper"})
