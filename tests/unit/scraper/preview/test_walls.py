"""The signs of walls."""

import pytest
from splitflap_scraper.fetch.http.headers import Headers
from splitflap_scraper.preview.walls import SIGNS, signs_in, wall

from tests.unit.scraper.preview.documents import read


@pytest.mark.parametrize("sign", SIGNS)
def test_every_sign_of_a_wall_is_found(sign: str) -> None:
    """The position of the sign makes no difference."""
    assert sign in signs_in(f"<p>a{sign}b</p>")
    assert signs_in("<p>a page about capture and pass words</p>") == set()


def test_a_page_with_two_sure_signs_has_one_kind() -> None:
    """It is the first one by name, in each process."""
    page = read(b"<title>a</title><script>_cf_chl_opt</script><a href=/authwall>b</a>").document()
    assert {SIGNS[each].kind for each in page.wall_signs} == {"challenge", "log-in"}
    assert wall(page, page.url, 200, Headers()) == "challenge"
