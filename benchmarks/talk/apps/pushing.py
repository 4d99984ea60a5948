"""Events to browsers over Socket.IO, as the documentation of Flask-SocketIO begins.

TALK_ASYNC_MODE is `threading` or `gevent`. POST /publish/7 sends three events to all clients, as a
post of Splitflap does.
"""

import os

from flask_socketio import SocketIO

from benchmarks.talk.app import app
from benchmarks.talk.apps import EVENT_NAMES

socketio = SocketIO(app, async_mode=os.environ.get("TALK_ASYNC_MODE", "threading"))


@app.post("/publish/<post>")
def publish(post: str) -> str:
    """Send the events of one post."""
    for name in EVENT_NAMES:
        socketio.emit(name, {"post": post, "channel": "general", "revision": 1})
    return "published\n"
