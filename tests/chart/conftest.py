"""Helm, and the objects of each mode, rendered once."""

from collections.abc import Callable

import pytest

from tests.servers.fixtures import or_skip

from .helm import Helm, Manifests, find_helm
from .values import MODES

Rendered = Callable[[str], Manifests]


@pytest.fixture(scope="session")
def helm(tmp_path_factory: pytest.TempPathFactory) -> Helm:
    """Helm 3 or 4."""
    return Helm(or_skip(find_helm), tmp_path_factory.mktemp("values"))


@pytest.fixture(scope="session")
def rendered(helm: Helm) -> Rendered:
    """Renders a mode by its name."""
    made: dict[str, Manifests] = {}

    def render(mode: str) -> Manifests:
        return made.setdefault(mode, made.get(mode) or helm.render(MODES[mode]))

    return render


@pytest.fixture(params=MODES)
def manifests(request: pytest.FixtureRequest, rendered: Rendered) -> Manifests:
    """The objects of each mode in turn."""
    return rendered(request.param)
