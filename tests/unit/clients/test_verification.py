"""Deliveries of webhooks are verified by the Standard Webhooks specification."""

import base64
import hashlib
import hmac
import json
import time

import pytest
from splitflap_client import BadWebhook, verify_webhook

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OTHER = "whsec_" + base64.b64encode(bytes(range(1, 33))).decode()
BODY = b'{"type": "task.done"}'


def signature(secret: str, message_id: str, sent: int, body: bytes) -> str:
    """A signature as the specification makes it."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{message_id}.{sent}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def headers(*secrets: str, sent: int | None = None, body: bytes = BODY) -> dict[str, str]:
    """The headers of a delivery, with a signature for each secret."""
    sent = int(time.time()) if sent is None else sent
    signatures = [signature(each, "d1", sent, body) for each in secrets]
    return {
        "Webhook-Id": "d1",
        "WEBHOOK-TIMESTAMP": str(sent),
        "webhook-signature": " ".join(signatures),
    }


def test_a_delivery_is_verified() -> None:
    """The names of headers are in any case."""
    webhook = verify_webhook(headers(SECRET), BODY, SECRET)
    assert (webhook.id, webhook.body) == ("d1", json.loads(BODY))
    assert abs(webhook.sent_at.timestamp() - time.time()) < 60


def test_the_example_of_the_specification_is_verified() -> None:
    """Other libraries have this example too."""
    example = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    webhook = verify_webhook(example, b'{"test": 2432232314}', secret, tolerance=1e12)
    assert webhook.body == {"test": 2432232314}


@pytest.mark.parametrize("secret", [SECRET, OTHER])
def test_either_secret_verifies_during_a_rotation(secret: str) -> None:
    """The delivery has two signatures. One of another scheme is skipped."""
    given = headers(OTHER, SECRET)
    given["webhook-signature"] = f"v1a,AAAA {given['webhook-signature']}"
    assert verify_webhook(given, BODY, secret).id == "d1"


ALTERED = {
    "another body": (headers(SECRET), BODY + b" "),
    "another id": (headers(SECRET) | {"Webhook-Id": "d2"}, BODY),
    "another time": (headers(SECRET) | {"WEBHOOK-TIMESTAMP": str(int(time.time()) + 9)}, BODY),
    "another secret": (headers(OTHER), BODY),
    "no signature": (headers(), BODY),
    "another scheme": (
        headers(SECRET)
        | {"webhook-signature": headers(SECRET)["webhook-signature"].replace("v1,", "v2,")},
        BODY,
    ),
    "no time": (headers(SECRET) | {"WEBHOOK-TIMESTAMP": "soon"}, BODY),
    "no JSON": (headers(SECRET, body=b"x"), b"x"),
    "a missing header": ({"webhook-id": "d1"}, BODY),
}


@pytest.mark.parametrize("case", ALTERED)
def test_an_altered_delivery_is_refused(case: str) -> None:
    """Each part that the signature stands for."""
    given, body = ALTERED[case]
    with pytest.raises(BadWebhook):
        verify_webhook(given, body, SECRET)


@pytest.mark.parametrize("age", [-320, 320])
def test_a_replayed_delivery_is_refused(age: int) -> None:
    """Five minutes later, or from the future."""
    with pytest.raises(BadWebhook, match="too old"):
        verify_webhook(headers(SECRET, sent=int(time.time()) - age), BODY, SECRET)


def test_a_malformed_secret_is_an_error_of_the_caller() -> None:
    """It says nothing about the delivery."""
    with pytest.raises(ValueError, match="whsec_"):
        verify_webhook(headers(SECRET), BODY, "whsec_not base64!")
