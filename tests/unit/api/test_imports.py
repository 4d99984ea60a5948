"""The process that forks must not import modules that the worker patches after the fork."""

import subprocess
import sys

#: The longest wait of a test, in seconds.
PATIENCE = 30.0

#: Modules that wait, lock or select by themselves: the worker imports them after its patch.
LATER = ("kombu", "sqlalchemy", "psycopg", "flask", "prometheus_client", "http.server")


def test_the_arbiter_imports_no_module_to_patch() -> None:
    """Entry point and gunicorn application leave these imports to the worker."""
    code = (
        "import sys, splitflap_api.__main__, splitflap_api.server.application\n"
        f"print(*(name for name in {LATER!r} if name in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=PATIENCE
    )
    assert done.stdout.strip() == ""


def test_the_service_imports_without_eventlet() -> None:
    """Tests and the role `outcomes` run without green threads."""
    code = "import sys, splitflap_api.service\nsys.exit('eventlet' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=False, timeout=PATIENCE)
    assert done.returncode == 0
