"""RabbitMQ's definitions for Splitflap: the virtual host, one user per service, and their rights.

    SPLITFLAP_VHOST=splitflap SPLITFLAP_API_USER=... SPLITFLAP_API_PASSWORD=... (the same for
    SCRAPER and RENDERER) python -m splitflap_core.definitions >definitions.json

RabbitMQ imports the file at its start (`load_definitions`) or with `rabbitmqctl
import_definitions`. The file holds salted hashes instead of passwords.
"""

import base64
import hashlib
import json
import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from splitflap_core.runtime import EX_CONFIG
from splitflap_core.settings import PREFIX, BadSettings
from splitflap_core.topology import RIGHTS

#: The variables without their prefix.
VARIABLES = (
    "VHOST",
    *(f"{service.upper()}_{part}" for service in RIGHTS for part in ("USER", "PASSWORD")),
)

#: Bytes of salt before the digest (RabbitMQ's guide "Passwords", "Computing a Password Hash").
SALT = 4


def definitions(environ: Mapping[str, str]) -> dict[str, Any]:
    """The definitions, in the format of RabbitMQ 3.8 to 4.

    Raises:
        BadSettings: a variable is missing, or two services share a user.
    """
    vhost = _variable(environ, "VHOST")
    users = {service: _variable(environ, f"{service.upper()}_USER") for service in RIGHTS}
    if len(set(users.values())) < len(users):
        raise BadSettings("two services share a user; expected one for each")
    return {
        "vhosts": [{"name": vhost}],
        "users": [
            _user(users[service], _variable(environ, f"{service.upper()}_PASSWORD"))
            for service in RIGHTS
        ],
        "permissions": [
            {"user": users[service], "vhost": vhost, **asdict(rights)}
            for service, rights in RIGHTS.items()
        ],
    }


def _user(name: str, password: str) -> dict[str, str]:
    return {
        "name": name,
        "password_hash": hashed(password),
        "hashing_algorithm": "rabbit_password_hashing_sha256",
        "tags": "",
    }


def hashed(password: str) -> str:
    """RabbitMQ's password hash: base64 of a salt, and of the SHA-256 of salt and password."""
    salt = secrets.token_bytes(SALT)
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def main() -> None:
    """Print the definitions. Exit with status 78 and a message if a variable is missing."""
    try:
        made = definitions(os.environ)
    except BadSettings as error:
        sys.stderr.write(f"splitflap definitions: {error}\n")
        raise SystemExit(EX_CONFIG) from error
    sys.stdout.write(json.dumps(made, indent=2) + "\n")


def _variable(environ: Mapping[str, str], name: str) -> str:
    if not (value := environ.get(PREFIX + name, "")):
        raise BadSettings(f"{PREFIX}{name} is not set")
    return value


if __name__ == "__main__":
    main()
