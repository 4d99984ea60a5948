"""The process that forks must not hold what has to be made green after the fork."""

import subprocess
import sys

#: The longest wait of a test, in seconds.
PATIENCE = 30.0

#: What waits, locks or selects by itself, and so must be imported after the patch.
LATER = ("kombu", "sqlalchemy", "psycopg", "flask", "prometheus_client", "http.server")


def test_the_master_imports_nothing_that_must_be_patched() -> None:
    """Entry point and gunicorn's application leave all of it to the worker (see __main__)."""
    code = (
        "import sys, splitflap_api.__main__, splitflap_api.server.application\n"
        f"print(*(name for name in {LATER!r} if name in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=PATIENCE
    )
    assert done.stdout.strip() == ""


def test_only_one_module_brings_eventlet() -> None:
    """All of the service can be imported, and tested, without green threads."""
    code = "import sys, splitflap_api.service\nsys.exit('eventlet' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=False, timeout=PATIENCE)
    assert done.returncode == 0
