"""What waits is for whoever is free: a renderer that is started later gets its share."""

import pytest

from tests.servers.process import wait_until

from .conftest import MakeStack
from .processes import PATIENCE
from .test_observability import sums

#: A text takes tenths of a second: a process is handed 8 of these and would be handed 32 of others.
HEAVY = "*a **a " * 1_500 + "b** b* " * 1_500

TEXTS = 24


@pytest.mark.parametrize(
    "backend", ["embedded", pytest.param("servers", marks=pytest.mark.servers)]
)
def test_a_renderer_holds_no_more_heavy_texts_than_it_can_render_soon(
    make_stack: MakeStack, backend: str
) -> None:
    """The others stay with the broker while it renders, and another renderer can have them."""
    settings = {"PROCESSES": "1", "RENDER_DEADLINE": "30"}
    stack = make_stack(backend, apis=1, workers=("renderer",), **settings)
    client = stack.client()
    accepted = [client.submit(f"{number} {HEAVY}") for number in range(TEXTS)]
    renderer = stack.services["renderer"]
    held = []

    def are_done() -> bool:
        now = sums(renderer)
        held.append(now["splitflap_jobs_in_flight"])
        return now.get("splitflap_jobs_computed_total", 0) >= TEXTS

    wait_until(are_done, "all texts rendered", PATIENCE)
    assert 2 <= max(held) <= 8
    assert all(client.finish(each).status_code == 201 for each in accepted)
