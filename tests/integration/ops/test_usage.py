"""Arguments that commands refuse before they send a request."""

import pytest

from .conftest import Run
from .stub_api import StubApi


@pytest.mark.parametrize("name", ["", ".", ".."])
@pytest.mark.parametrize("command", [("dead", "show"), ("keys", "revoke")], ids=" ".join)
def test_an_argument_that_would_ask_for_another_address_is_refused(
    run: Run, api: StubApi, command: tuple[str, ...], name: str
) -> None:
    """A client removes such a part of a path, so the request would reach the list."""
    result = run(*command, name)
    assert result.exit_code == 1
    assert f"{name!r} is no id" in result.stderr
    assert api.requests == []


#: Options that take a number, and the rest of each command.
NUMBERS = [
    ("dead", "list", "--limit"),
    ("dead", "list", "--older-than"),
    ("load", "--rate"),
    ("load", "--count"),
    ("load", "--duration"),
    ("load", "--concurrency"),
    ("load", "--patience"),
    ("post", __file__, "--timeout"),
    ("status", "--watch"),
    ("up", "--ready-timeout"),
]


@pytest.mark.parametrize("number", ["nan", "inf", "1e400", "9" * 25, "-1"])
@pytest.mark.parametrize("command", NUMBERS, ids=" ".join)
def test_a_number_beyond_its_bounds_is_wrong_usage(
    run: Run, api: StubApi, command: tuple[str, ...], number: str
) -> None:
    """No request is sent."""
    result = run(*command, number)
    assert result.exit_code == 2, result.output
    assert api.requests == []


@pytest.mark.parametrize("option", ["--namespace", "--release"])
@pytest.mark.parametrize("name", ["..", "a/b", "a,b", "x" * 64])
def test_a_name_that_kubernetes_does_not_allow_is_wrong_usage(
    run: Run, option: str, name: str
) -> None:
    """It would be a part of a path, or of a selector."""
    result = run("status", option, name)
    assert result.exit_code == 2
    assert f"{name!r} is no name in Kubernetes" in result.stderr
