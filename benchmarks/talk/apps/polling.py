"""app.py with Flask-SocketIO: an echo that also tells which worker has the session."""

import os

from flask_socketio import SocketIO, emit

from benchmarks.talk.app import app

__all__ = ["app"]

socketio = SocketIO(app, async_mode="threading")


@socketio.on("echo")
def echo(number: int) -> None:
    """The number, and the worker's process id."""
    emit("echo", (number, os.getpid()))
