"""The one registry of responders: checked at the start, and without duplicates."""

from collections.abc import Sequence
from typing import Any

import pytest
from flask import Flask
from splitflap_api.domain.final_responses import RESPONDERS, batched_post
from splitflap_api.domain.responders import Completion, Responders
from splitflap_api.http.services import Services


def created_post(_: Completion) -> Sequence[Any]:
    """Another function with the name of a responder."""
    return []


def unregistered(_: Completion) -> Sequence[Any]:
    """A view's responder outside the registry."""
    return []


@pytest.fixture
def responders() -> Responders:
    """The registry of this release."""
    return Responders(RESPONDERS)


def test_each_view_has_a_registered_responder(
    services: Services, app: Flask, responders: Responders
) -> None:
    """Each registered responder belongs to a view, too, or to the parts of a batch."""
    assert app.view_functions
    responders.check(services.later.responders)
    assert {*services.later.responders, batched_post.__name__} == set(responders.names)


def test_an_unregistered_responder_prevents_the_start(responders: Responders) -> None:
    """The error names the responder."""
    with pytest.raises(LookupError, match="unregistered"):
        responders.check({"unregistered": unregistered})


def test_another_function_with_a_known_name_prevents_the_start(responders: Responders) -> None:
    """Tasks would get the wrong response."""
    with pytest.raises(LookupError, match="created_post"):
        responders.check({"created_post": created_post})


def test_two_responders_with_one_name_are_refused() -> None:
    """The row of a task has only the name."""
    with pytest.raises(ValueError, match="two responders are called 'created_post'"):
        Responders((*RESPONDERS, created_post))


def test_tasks_are_grouped_by_their_responders(responders: Responders) -> None:
    """The groups keep the order of the rows. Rows of another release stand apart."""
    rows = [
        {"id": n, "finish": name}
        for n, name in enumerate(("created_post", "of_another_release", "rendered_text"))
    ]
    groups, unknown = responders.groups(rows * 2)
    assert [(each.__name__, of) for each, of in groups] == [
        ("created_post", [rows[0]] * 2),
        ("rendered_text", [rows[2]] * 2),
    ]
    assert unknown == [rows[1]] * 2
