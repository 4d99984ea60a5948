"""Self-signed certificates for servers of tests."""

import shutil
import subprocess
from pathlib import Path

import pytest


def make_certificate(path: Path, *names: str) -> Path:
    """A self-signed certificate with its key in the same file, for such names as `IP:127.0.0.1`."""
    if not (openssl := shutil.which("openssl")):
        pytest.skip("openssl is not installed")
    made = ("-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test")
    alternatives = ("-addext", f"subjectAltName={','.join(names)}") if names else ()
    files = ("-keyout", str(path), "-out", str(path))
    subprocess.run([openssl, "req", *made, *alternatives, *files], check=True, capture_output=True)
    return path
