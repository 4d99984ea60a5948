"""A text that needs its deadline, and code that hangs its lexer."""

import pytest

from tests.system.conftest import MakeStack
from tests.system.rig.metrics import sums

#: Takes a second of CPU: several times the deadline here.
SLOW = "*a **a " * 4_600 + "b** b* " * 4_600

#: A lexer of Pygments takes years for it.
HANGING = '```fish\necho "' + r"\\a" * 30 + "\n```"


@pytest.mark.parametrize(
    "backend", ["embedded", pytest.param("servers", marks=pytest.mark.servers)]
)
def test_a_text_that_needs_its_deadline_is_tried_once(make_stack: MakeStack, backend: str) -> None:
    """The writer has a 422 with the reason, and the next posts are rendered."""
    settings = {"PROCESSES": "1", "RENDER_DEADLINE": "0.1"}
    stack = make_stack(backend, apis=1, workers=("renderer",), **settings)
    client = stack.client()
    client.create_post("before")
    refused = client.submit(SLOW[:65_000], prefer="wait=20")
    assert refused.status_code == 422, refused.text
    assert refused.json()["reason"] == "deadline"
    assert refused.json()["detail"] == "the text was not rendered within 0.1 s"
    edited = client.put(f"/v1/posts/{client.create_post('a')['id']}", {"text": SLOW[:65_000]})
    assert client.wait_final(edited).json()["reason"] == "deadline"
    client.create_post("after")
    computed = sums(stack.services["renderer"])["splitflap_jobs_computed_total"]
    assert computed == 5, "each of two slow texts and three others once"
    assert sums(stack.services["api"])["splitflap_jobs_retried_total"] == 0


def test_code_that_hangs_its_lexer_is_posted(make_stack: MakeStack) -> None:
    """The post is done, with its code and its label."""
    stack = make_stack("embedded", apis=1, workers=("renderer",), PROCESSES="1")
    post = stack.client().create_post(HANGING)
    assert 'data-language="fish"' in post["html"]
    assert '<code>echo "' in post["html"]
    replaced = sums(stack.services["renderer"])["splitflap_renderer_children_replaced_total"]
    assert replaced == 0
