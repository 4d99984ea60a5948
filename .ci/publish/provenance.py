"""SLSA provenance: which commit, which bases, which builder."""

import os
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from .options import Options

#: When this run began.
STARTED = datetime.now(UTC).isoformat(timespec="seconds")


def provenance(options: Options, artifact: str, bases: Iterable[str]) -> dict[str, Any]:
    """The predicate of an artifact, in the form of https://slsa.dev/provenance/v1."""
    git = {"uri": f"git+{options.source}", "digest": {"gitCommit": options.revision}}
    return {
        "buildDefinition": {
            "buildType": f"{options.source}/blob/{options.revision}/docs/publishing.md",
            "externalParameters": {"target": "publish", "tag": options.tag, "artifact": artifact},
            "resolvedDependencies": [git, *map(_dependency, bases)],
        },
        "runDetails": {
            "builder": {"id": _builder(options.source)},
            "metadata": {"invocationId": _invocation(options.source), "startedOn": STARTED},
        },
    }


def _dependency(image: str) -> dict[str, Any]:
    name, _, digest = image.partition("@")
    found: dict[str, Any] = {"uri": f"oci://{name}"}
    return {**found, "digest": {"sha256": digest.removeprefix("sha256:")}} if digest else found


def _builder(source: str) -> str:
    """A workflow of GitHub, or a person's machine."""
    workflow = os.environ.get("GITHUB_WORKFLOW_REF")
    if workflow:
        return f"{os.environ['GITHUB_SERVER_URL']}/{workflow}"
    return f"{source}#make-publish"


def _invocation(source: str) -> str:
    run = os.environ.get("GITHUB_RUN_ID")
    attempt = os.environ.get("GITHUB_RUN_ATTEMPT", "1")
    return f"{source}/actions/runs/{run}/attempts/{attempt}" if run else ""
