"""nginx with a page, in front of a server that records its requests."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.servers.fixtures import or_skip
from tests.servers.page_nginx import PageNginx

from .rig import MakeNginx, page
from .upstream import Upstream, upstream


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page as the image has it."""
    return page(tmp_path_factory.mktemp("page") / "site")


@pytest.fixture
def api() -> Iterator[Upstream]:
    """A new server in place of the API."""
    with upstream() as made:
        yield made


@pytest.fixture
def make_nginx(site: Path) -> Iterator[MakeNginx]:
    """Starts nginx in front of a port, with further variables."""
    with ExitStack() as stack:

        def make(port: int, **variables: str) -> PageNginx:
            return stack.enter_context(or_skip(lambda: PageNginx(port, site, **variables)))

        yield make


@pytest.fixture
def nginx(api: Upstream, make_nginx: MakeNginx) -> PageNginx:
    """Nginx in front of `api`."""
    return make_nginx(api.port)
