"""Serve Splitflap's events over Socket.IO, for clients that already speak it.

README.md has the command. All clients read with the bridge's key: check them at `connect`.
"""

import json
import logging
import os
import threading
import time
from collections.abc import Iterator
from typing import Any

import requests
from flask import Flask
from flask_socketio import SocketIO, emit, join_room

EVENTS = os.environ.get("SPLITFLAP_URL", "http://127.0.0.1:8000") + "/v1/events"

#: Seconds. The API sends a comment after 15 s without an event.
SILENCE, RETRY = 30.0, 1.0

socketio = SocketIO(async_mode="threading")
sending = threading.Lock()
#: The id of the last event that all rooms got, once the stream has begun.
last, began = 0, threading.Event()


def events(after: int | None) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """The name, the id and the data of each event. A lost connection is resumed."""
    while True:
        try:
            headers = {"Authorization": f"Bearer {os.environ['SPLITFLAP_KEY']}"}
            headers |= {"Last-Event-ID": str(after)} if after is not None else {}
            with requests.get(EVENTS, headers=headers, stream=True, timeout=SILENCE) as stream:
                stream.raise_for_status()
                fields = {"id": str(after)}
                for line in stream.iter_lines(chunk_size=None):
                    name, _, value = line.decode().partition(": ")
                    fields |= {name: value} if name else {}
                    if not name and "data" in fields:
                        after = int(fields["id"])
                        yield fields["event"], after, json.loads(fields.pop("data"))
        except requests.RequestException as error:
            logging.warning("event stream: %s; retrying in %s s", error, RETRY)  # noqa: LOG015
        time.sleep(RETRY)


def follow() -> None:
    """Send each event to the room of its channel. A `gap` has no channel and goes to all."""
    global last  # noqa: PLW0603 - one stream for the process
    for name, number, data in events(None):
        with sending:
            socketio.emit(name, {**data, "id": number}, to=data.get("channel"))
            last = number
            began.set()


@socketio.on("join")  # type: ignore[untyped-decorator]
def join(channel: str, after: int | None = None) -> None:
    """Send what the client missed, then let it into the room."""
    began.wait()
    missed = events(after)
    while True:
        with sending:
            if after is None or after >= last:
                join_room(channel)
                emit("joined", {"channel": channel, "id": last})
                return
        name, after, data = next(missed)
        if data.get("channel", channel) == channel:
            emit(name, {**data, "id": after})


def create_app() -> Flask:
    """The application. Run one process of it: the rooms are in its memory."""
    app = Flask(__name__)
    socketio.init_app(app)
    threading.Thread(target=follow, daemon=True).start()
    return app
