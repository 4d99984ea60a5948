"""Servers shared by the tests of a folder."""

from collections.abc import Iterator

import pytest
import requests

from tests.support import wait_until

from .rig import AUTH, PATIENCE, Server, serving


@pytest.fixture(scope="session")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with enough time for idle connections and for posts without a renderer."""
    folder = tmp_path_factory.mktemp("patient")
    made = serving(
        folder,
        idle=PATIENCE,
        write=PATIENCE,
        SPLITFLAP_MAX_UNFINISHED_AGE="3600",
        SPLITFLAP_MAX_IN_FLIGHT="80",
    )
    with made as server:
        yield server


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a backlog: it has no renderer, so it refuses new work."""
    folder = tmp_path_factory.mktemp("full")
    with serving(folder, SPLITFLAP_MAX_UNFINISHED_AGE="0.1") as made:
        url = f"http://127.0.0.1:{made.port}/v1/posts"

        def refuses() -> bool:
            response = requests.post(url, json={"text": "x"}, headers=AUTH, timeout=PATIENCE)
            return response.status_code == 429

        wait_until(refuses, "a backlog")
        yield made
