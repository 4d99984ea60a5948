"""The frames of basic.publish and basic.ack equal those of py-amqp."""

from types import SimpleNamespace
from typing import Any

import pytest
from amqp import Message, spec
from amqp.method_framing import frame_writer
from amqp.serialization import dumps
from splitflap_core.broker.frames import ack_frame, publish_frames

FRAME_MAX = 4096


class Wire:
    """Records written bytes."""

    def __init__(self) -> None:
        self.written = b""

    def write(self, data: bytes | memoryview) -> None:
        """Append bytes."""
        self.written += bytes(data)


def by_py_amqp(route: tuple[str, str], number: str, headers: dict[str, Any], body: bytes) -> bytes:
    """The same message by py-amqp's writer."""
    wire = Wire()
    write = frame_writer(SimpleNamespace(frame_max=FRAME_MAX, bytes_sent=0), wire)
    message = Message(
        body,
        content_type="application/json",
        content_encoding="utf-8",
        delivery_mode=2,
        message_id=number,
        **({"application_headers": headers} if headers else {}),
    )
    arguments = dumps("Bssbb", (0, *route, True, False))
    write(1, 1, spec.Basic.Publish, arguments, message)
    return wire.written


@pytest.mark.parametrize("size", [0, 1, 17, FRAME_MAX - 8, FRAME_MAX - 7, 3 * FRAME_MAX])
@pytest.mark.parametrize("headers", [{}, {"splitflap-queue": "render", "n": 3}])
@pytest.mark.parametrize("route", [("jobs", "render"), ("events", "")])
def test_published_frames_equal_those_of_py_amqp(
    size: int, headers: dict[str, Any], route: tuple[str, str]
) -> None:
    """The sizes are around the limit of a frame."""
    body = bytes(range(256)) * (size // 256 + 1)
    ours = publish_frames(1, FRAME_MAX, route, "12345", headers, body[:size])
    assert ours == by_py_amqp(route, "12345", headers, body[:size])


@pytest.mark.parametrize("multiple", [False, True])
@pytest.mark.parametrize("tag", [1, 2**40])
def test_ack_frames_equal_those_of_py_amqp(tag: int, multiple: bool) -> None:
    """Delivery tags have 64 bits."""
    wire = Wire()
    write = frame_writer(SimpleNamespace(frame_max=FRAME_MAX, bytes_sent=0), wire)
    write(1, 1, spec.Basic.Ack, dumps("Lb", (tag, multiple)), None)
    assert ack_frame(1, tag, multiple=multiple) == wire.written
