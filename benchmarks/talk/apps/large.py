"""app.py with as much data of its own as a larger application has: tables, templates, caches.

TALK_OBJECTS is the number of its entries: 200,000 take about 100 MiB. With TALK_FREEZE, the garbage
collector leaves alone all objects that exist when the module was imported.
"""

import gc
import os

from benchmarks.talk.app import app

__all__ = ["app"]

ENTRIES = [
    {"id": number, "name": f"Entry {number}", "tags": [f"tag {number % 1000}", number + 0.5]}
    for number in range(int(os.environ.get("TALK_OBJECTS", "200000")))
]

if os.environ.get("TALK_FREEZE"):
    gc.collect()
    gc.freeze()


@app.get("/collect")
def collect() -> str:
    """Let the garbage collector look at all objects, as it does from time to time."""
    gc.collect()
    return str(os.getpid())


@app.get("/search")
def search() -> str:
    """Read all entries. Each read changes the reference count of an object."""
    assert not [entry for entry in ENTRIES if entry["name"] == ""]
    return str(os.getpid())
