"""A lock at import, as libraries have it: one fetch at a time."""

import threading

from flask import request

from benchmarks.talk.app import SITE, app, fetch_title

ONE_AT_A_TIME = threading.Lock()


@app.get("/locked")
def locked() -> str:
    """Wait for another site, holding the lock."""
    with ONE_AT_A_TIME:
        return fetch_title(f"{SITE}/page/{request.args['number']}")
