"""Helm, and each mode rendered once."""

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
    """The objects of a mode."""
    made: dict[str, Manifests] = {}

    def render(mode: str) -> Manifests:
        return made.setdefault(mode, made.get(mode) or helm.render(MODES[mode]))

    return render


@pytest.fixture(params=MODES)
def manifests(request: pytest.FixtureRequest, rendered: Rendered) -> Manifests:
    """The objects of every mode."""
    return rendered(request.param)
