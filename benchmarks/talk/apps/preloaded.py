"""app.py, which uses its engine when it is imported: `--preload` imports it before the fork.

Many applications do so: they read their settings from the database, or create their tables.
TALK_ENGINE says what happens to the engine: `used` leaves it alone, `disposed` lets each new
process forget the connections that it got from its parent, `unused` makes no query at all.
"""

import os

from sqlalchemy import text

from benchmarks.talk.app import app, engine

__all__ = ["app"]

WAY = os.environ.get("TALK_ENGINE", "used")

if WAY != "unused":
    with engine.connect() as connection:
        connection.execute(text("SELECT version()"))

if WAY == "disposed":
    # `close=False` leaves the connections open: they are the parent's, and it may need them.
    os.register_at_fork(after_in_child=lambda: engine.dispose(close=False))
