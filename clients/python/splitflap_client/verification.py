"""Verify deliveries of webhooks (https://www.standardwebhooks.com)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from splitflap_client.errors import BadWebhook

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Seconds by which the time of a delivery may differ from this machine's.
TOLERANCE = 300

_PREFIX = "whsec_"


@dataclass(frozen=True)
class WebhookMessage:
    """A verified delivery."""

    #: The same for all tries of one delivery: keep it, and ignore those that you know.
    id: str
    sent_at: datetime
    #: The JSON of the body.
    body: Any


def verify_webhook(
    headers: Mapping[str, str], body: bytes, secret: str, *, tolerance: float = TOLERANCE
) -> WebhookMessage:
    """Check the signature and the time of a delivery.

    Args:
        headers: of the request; the case of their names is free.
        body: of the request, as it came. JSON that was decoded and encoded again may differ.
        secret: of the endpoint, `whsec_...`. While it is rotated, either one verifies.
        tolerance: seconds by which the time may differ from now.

    Raises:
        BadWebhook: gives the reason.
        ValueError: the secret is malformed.
    """
    given = {name.lower(): value for name, value in headers.items()}
    try:
        message_id, sent, signatures = (
            given[f"webhook-{name}"] for name in ("id", "timestamp", "signature")
        )
    except KeyError as error:
        raise BadWebhook(f"the header {error} is missing") from None
    if not (sent.isascii() and sent.isdigit()):
        raise BadWebhook("webhook-timestamp is no number of seconds")
    _check_signature(signatures, f"{message_id}.{sent}.".encode() + body, _key(secret))
    if abs(time.time() - int(sent)) > tolerance:
        raise BadWebhook("the delivery is too old, or this machine's clock is wrong")
    try:
        return WebhookMessage(message_id, datetime.fromtimestamp(int(sent), UTC), json.loads(body))
    except ValueError as error:
        raise BadWebhook("the body is not JSON") from error


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError(f"the secret is not {_PREFIX} and base64") from error


def _check_signature(signatures: str, signed: bytes, key: bytes) -> None:
    """Any of the signatures, which spaces separate, must be that of the key.

    Raises:
        BadWebhook: none is.
    """
    expected = base64.b64encode(hmac.digest(key, signed, hashlib.sha256))
    for each in signatures.split(" "):
        version, _, signature = each.partition(",")
        if version == "v1" and hmac.compare_digest(signature.encode(), expected):
            return
    raise BadWebhook("no signature of webhook-signature is that of this secret")
