"""The case of test_green_store.py: `python green_store.py DATABASE_URL` exits with 0 on success."""

import sys
import time

from splitflap_api.server import green

green.patch()

from splitflap_api.store.engine import Store  # noqa: E402 - after the patch
from sqlalchemy import text  # noqa: E402

store = Store(sys.argv[1], "", 1)
waiters = green.GreenWaiters()
with store.read() as tx:
    tx.execute(text("SELECT 1"))
began = time.monotonic()
try:
    with waiters.limit(0.1), store.read() as tx:
        tx.execute(text("SELECT pg_sleep(20)"))
except TimeoutError:
    pass
else:
    raise AssertionError("no TimeoutError")
# The pool opens a new connection. The late answer may still arrive on the old one.
with waiters.limit(10), store.read() as tx:
    assert tx.execute(text("SELECT 7")).scalar_one() == 7
assert time.monotonic() - began < 10
