"""Lints the OpenAPI document of a running Splitflap, then generates clients and lets each post.

    python -m tests.clients [NAME...]

`make clients` installs the tools first (.ci/clients). The command prints one line for each linter
and client, and the end of the output of a failed one. Without names it runs all.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from tests.system.rig.processes import program
from tests.system.rig.stack import ADMIN, StackBackend, running

HERE = Path(__file__).parent
TOOLS = HERE.parents[1] / ".tools" / "clients"
NODE_MODULES = TOOLS / "npm" / "node_modules"
NODE = NODE_MODULES / ".bin"
PYTHON = TOOLS / "python" / "bin"

#: Seconds for one command. The first run of Maven and of Go downloads their libraries.
TIMEOUT = 540

#: Lines shown of the output of a failed command.
SHOWN = 40


class Failed(Exception):
    """A command failed. The text is the end of its output."""


class Folder:
    """A new folder with openapi.json, in which the commands of one check run."""

    def __init__(self, path: Path, url: str) -> None:
        self._path = path
        self._environ = {
            **os.environ,
            "PATH": f"{PYTHON}{os.pathsep}{os.environ['PATH']}",
            "REDOCLY_TELEMETRY": "off",
            "SPLITFLAP_KEY": ADMIN,
            "SPLITFLAP_URL": url,
        }
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        document = requests.get(f"{url}/v1/openapi.json", timeout=10)
        (path / "openapi.json").write_bytes(document.content)

    def add(self, *names: str, to: str = ".") -> None:
        """Copy files of tests/clients."""
        (self._path / to).mkdir(parents=True, exist_ok=True)
        for name in names:
            shutil.copy(HERE / name, self._path / to)

    def link_node_modules(self) -> None:
        """Let programs of Node.js find the installed libraries."""
        (self._path / "node_modules").symlink_to(NODE_MODULES)

    def run(self, *command: str | Path, warnings_fail: bool = False) -> None:
        """Run a command to its end.

        Raises:
            Failed: it returned an error, or a warning that fails.
        """
        ended = subprocess.run(
            command,
            cwd=self._path,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=TIMEOUT,
        )
        if ended.returncode or (warnings_fail and "warning" in ended.stdout.lower()):
            raise Failed("\n".join(ended.stdout.splitlines()[-SHOWN:]))


def openapi_spec_validator(folder: Folder) -> None:
    """By the meta-schema and the rules of OpenAPI 3.1."""
    folder.run(program("openapi-spec-validator"), "openapi.json")


def redocly(folder: Folder) -> None:
    """By redocly's recommended rules; a warning fails too."""
    folder.run(NODE / "redocly", "lint", "--extends=recommended-strict", "openapi.json")


def spectral(folder: Folder) -> None:
    """By Spectral's rules for OpenAPI; a hint fails too."""
    folder.add("spectral.yaml")
    options = ("--ruleset=spectral.yaml", "--fail-severity=hint")
    folder.run(NODE / "spectral", "lint", *options, "openapi.json")


def openapi_python_client(folder: Folder) -> None:
    """Python with httpx and attrs. The generator warns of each part that it leaves out."""
    folder.add("openapi_python_client.py", "package.yaml")
    generate = ("generate", "--path=openapi.json", "--meta=none", "--config=package.yaml")
    folder.run(PYTHON / "openapi-python-client", *generate, warnings_fail=True)
    folder.run(PYTHON / "python", "openapi_python_client.py")


def openapi_typescript(folder: Folder) -> None:
    """TypeScript, with openapi-fetch for the requests."""
    folder.add("openapi_typescript.ts", "package.json")
    folder.link_node_modules()
    folder.run(NODE / "openapi-typescript", "openapi.json", "--output=splitflap.d.ts")
    options = ("--strict", "--module", "nodenext", "--target", "es2022", "--types", "node")
    folder.run(NODE / "tsc", *options, "openapi_typescript.ts")
    folder.run("node", "openapi_typescript.js")


def oapi_codegen(folder: Folder) -> None:
    """Go."""
    folder.add("go.mod", "go.sum", "oapi_codegen_test.go")
    options = ("-generate=types,client", "-package=splitflap", "-o=client.gen.go")
    folder.run("go", "tool", "oapi-codegen", *options, "openapi.json")
    folder.run("go", "test", "-count=1", "./...")


def openapi_generator(folder: Folder) -> None:
    """Java, with the HTTP client of the JDK and Jackson."""
    # With a request object for each operation, a new header changes no call.
    java = (
        *("invokerPackage=splitflap", "apiPackage=splitflap.api", "modelPackage=splitflap.model"),
        "useSingleRequestParameter=true",
    )
    options = ("--generator-name=java", "--library=native", "--input-spec=openapi.json")
    folder.run(
        PYTHON / "openapi-generator-cli",
        *("generate", *options, "--output=client"),
        f"--additional-properties={','.join(java)}",
        "--global-property=apiTests=false,modelTests=false,apis,models,supportingFiles",
    )
    folder.add("OpenapiGeneratorTest.java", to="client/src/test/java/splitflap")
    folder.run("mvn", "--batch-mode", "--quiet", "--file=client/pom.xml", "test")


CHECKS = {
    check.__name__.replace("_", "-"): check
    for check in (
        openapi_spec_validator,
        redocly,
        spectral,
        openapi_python_client,
        openapi_typescript,
        oapi_codegen,
        openapi_generator,
    )
}


@contextmanager
def splitflap() -> Iterator[str]:
    """The URL of a Splitflap that runs while the block does."""
    with tempfile.TemporaryDirectory() as name:
        data = Path(name) / "data"
        data.mkdir()
        backend = StackBackend("embedded", {"SPLITFLAP_DATA_DIR": str(data)}, str(data / "broker"))
        with running(backend, Path(name)) as stack:
            yield stack.url()


def passes(name: str, url: str) -> bool:
    """Run one check, and print its line."""
    began = time.monotonic()
    try:
        CHECKS[name](Folder(TOOLS / "work" / name, url))
    except (Failed, subprocess.TimeoutExpired, OSError) as error:
        say(f"{name:24} FAILED\n{error}")
        return False
    say(f"{name:24} ok {time.monotonic() - began:6.1f} s")
    return True


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(names: list[str]) -> int:
    """Run the named checks, or all."""
    if unknown := set(names) - set(CHECKS):
        say(f"unknown: {', '.join(unknown)}; expected some of {', '.join(CHECKS)}")
        return 2
    with splitflap() as url:
        results = [passes(name, url) for name in names or CHECKS]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
