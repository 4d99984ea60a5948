"""app.py for ASGI servers: a2wsgi runs each request in a thread of its pool."""

import os

from a2wsgi import WSGIMiddleware

from benchmarks.talk.app import app

#: TALK_SLOTS is set by servers.py.
asgi = WSGIMiddleware(app, workers=int(os.environ.get("TALK_SLOTS", "10")))
