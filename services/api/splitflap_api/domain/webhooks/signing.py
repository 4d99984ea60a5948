"""The signatures of webhooks, by the specification Standard Webhooks 1.0 (standardwebhooks.com)."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable

#: The begin of a secret as its owner sees it. Its bytes follow in base64.
PREFIX = "whsec_"

#: Random bytes of a secret. The specification allows 24 to 64.
SIZE = 32

#: Milliseconds for which a replaced secret signs too: a day.
KEEP_OLD = 86_400_000


def new_secret() -> str:
    """A new random secret."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SIZE)).decode()


def signatures(of: Iterable[str], delivery_id: str, timestamp: int, body: str) -> str:
    """The header `webhook-signature`: a signature for each of these secrets."""
    signed = f"{delivery_id}.{timestamp}.{body}".encode()
    return " ".join(f"v1,{_signature(secret, signed)}" for secret in of)


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
