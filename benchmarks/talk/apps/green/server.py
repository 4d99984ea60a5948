"""Serves an application on green threads: the plain WSGI server of eventlet or of gevent.

python -m benchmarks.talk.apps.green.server LIBRARY PATCH PORT SLOTS MODULE:NAME

PATCH says when the library replaces the blocking calls of the standard library: `first` before
the application is imported, `late` after it, or `never`.
"""

import importlib
import sys
import warnings
from typing import Any

#: Connections that may wait.
BACKLOG = 2048


def patch(library: str) -> None:
    """Replace blocking calls by green ones, for the life of the process."""
    if library == "eventlet":
        import eventlet

        eventlet.monkey_patch()
    else:
        from gevent import monkey

        monkey.patch_all()


def serve(library: str, application: Any, port: int, slots: int) -> None:
    """Serve until killed. Each connection has a green thread, at most `slots` of them."""
    if library == "eventlet":
        import eventlet.wsgi

        listener = eventlet.listen(("127.0.0.1", port), backlog=BACKLOG)
        eventlet.wsgi.server(listener, application, max_size=slots, log_output=False)
    else:
        from gevent.pywsgi import WSGIServer

        listening = WSGIServer(
            ("127.0.0.1", port), application, spawn=slots, backlog=BACKLOG, log=None
        )
        listening.serve_forever()


def main(library: str, when: str, port: str, slots: str, app: str) -> None:
    """Patch and import in the order that `when` demands, then serve."""
    # eventlet recommends asyncio at each import.
    warnings.simplefilter("ignore", DeprecationWarning)
    if when == "first":
        patch(library)
    module, _, name = app.partition(":")
    application = getattr(importlib.import_module(module), name)
    if when == "late":
        patch(library)
    serve(library, application, int(port), int(slots))


if __name__ == "__main__":
    main(*sys.argv[1:])
