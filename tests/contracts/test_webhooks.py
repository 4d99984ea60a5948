"""The wire format of webhooks between the API and the scraper."""

import json
from pathlib import Path
from typing import Any

import pytest
from splitflap_core.contracts import (
    BrokenMessage,
    UnknownVersion,
    WebhookOutcome,
    WebhookRequest,
    decode_webhook_outcome,
    decode_webhook_request,
    encode,
)

HERE = Path(__file__).parent / "webhooks"

TRY = WebhookRequest(
    id="019a-delivery",
    attempt=2,
    url="https://app.example/hook?a=b",
    timestamp=1767323045,
    signatures="v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4= "
    "v1,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe4=",
    body='{"type":"task.done","data":{}}',
)
ANSWERED = WebhookOutcome("019a-delivery", 2, 0.25, status=503, after=30.0)
REFUSED = WebhookOutcome("019a-delivery", 1, 0.25, reason="forbidden_address")

MESSAGES = {
    "webhook-try": (TRY, decode_webhook_request),
    "webhook-answered": (ANSWERED, decode_webhook_outcome),
    "webhook-refused": (REFUSED, decode_webhook_outcome),
}


def golden(name: str) -> Any:
    """The content of a golden file."""
    return json.loads((HERE / f"{name}.v1.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", MESSAGES)
def test_webhook_messages_are_written_and_read_as_the_golden_files(name: str) -> None:
    """A later release may add fields."""
    message, decode = MESSAGES[name]
    assert json.loads(encode(message)) == golden(name)
    assert decode(json.dumps({**golden(name), "new": [1]}).encode()) == message


@pytest.mark.parametrize(
    "changed",
    [
        {"status": 99},
        {"status": 1000},
        {"status": "200"},
        {"attempt": -1},
        {"reason": "No word"},
        {"reason": "x" * 51},
        {"after": -1.0},
        {"after": 1e9},
        {"took": -1.0},
        {"id": "x" * 301},
    ],
)
def test_an_outcome_out_of_bounds_is_broken(changed: Any) -> None:
    """A scraper that was broken into may send anything."""
    with pytest.raises(BrokenMessage):
        decode_webhook_outcome(json.dumps(golden("webhook-answered") | changed).encode())


def test_a_webhook_message_of_another_version_has_its_own_error() -> None:
    """An older release dead-letters it."""
    with pytest.raises(UnknownVersion):
        decode_webhook_request(json.dumps(golden("webhook-try") | {"version": 2}).encode())
