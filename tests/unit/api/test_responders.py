"""The one registry of responders: checked at the start, and without duplicates."""

from collections.abc import Sequence
from typing import Any

import pytest
from flask import Flask
from splitflap_api.domain.final_responses import RESPONDERS
from splitflap_api.domain.responders import Completion, Responders, UnknownResponder
from splitflap_api.http.services import Services
from splitflap_core.telemetry import Metrics


def created_post(_: Completion) -> Sequence[Any]:
    """Another function with the name of a responder."""
    return []


def unregistered(_: Completion) -> Sequence[Any]:
    """A view's responder outside the registry."""
    return []


@pytest.fixture
def responders() -> Responders:
    """The registry of this release."""
    return Responders(RESPONDERS, Metrics("api"))


def test_each_view_has_a_registered_responder(
    services: Services, app: Flask, responders: Responders
) -> None:
    """Each registered responder belongs to a view, too."""
    assert app.view_functions
    responders.check(services.later.responders)
    assert set(services.later.responders) == set(responders.names)


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
        Responders((*RESPONDERS, created_post), Metrics("api"))


def test_tasks_are_grouped_by_their_responders(responders: Responders) -> None:
    """The groups keep the order of the rows."""
    rows = [{"id": n, "finish": name} for n, name in enumerate(("created_post", "rendered_text"))]
    assert [(each.__name__, of) for each, of in responders.groups(rows * 2)] == [
        ("created_post", [rows[0]] * 2),
        ("rendered_text", [rows[1]] * 2),
    ]


def test_an_unknown_responder_is_named(responders: Responders) -> None:
    """The error comes before any task of the batch gets its final response."""
    with pytest.raises(UnknownResponder) as unknown:
        responders.groups([{"finish": "created_post"}, {"finish": "b"}, {"finish": "a"}])
    assert unknown.value.names == ["a", "b"]


def test_the_log_names_the_remedy_for_unknown_responders(
    responders: Responders, caplog: pytest.LogCaptureFixture
) -> None:
    """There is one line in LOG_EVERY seconds. The metric counts each time."""
    responders.note_left(["new_one"], "3 tasks")
    responders.note_left(["new_one"], "3 tasks")
    (line,) = caplog.messages
    assert "3 tasks left to another replica: this release lacks the responder new_one" in line
    assert "Finish the upgrade" in line
