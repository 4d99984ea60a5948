"""The application, async views included, behind two bridges from ASGI to WSGI."""

import os

from a2wsgi import WSGIMiddleware
from asgiref.wsgi import WsgiToAsgi

from .views import app

#: asgiref runs all requests in one thread, one after the other.
asgiref = WsgiToAsgi(app)

#: a2wsgi runs each request in a thread of its pool. TALK_SLOTS is set by servers.py.
a2wsgi = WSGIMiddleware(app, workers=int(os.environ.get("TALK_SLOTS", "10")))
