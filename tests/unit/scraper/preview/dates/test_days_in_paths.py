"""The days of publication in paths."""

import pytest
from splitflap_scraper.preview.dates.moments import moment_in
from splitflap_scraper.preview.dates.paths import day_in_path
from splitflap_scraper.preview.dates.style import DateStyle

PATHS = [
    "/2018/03/09/the-ferry/",
    "/2018/3/9/ferry",
    "/2018-03-09-ferry.html",
    "/blog/2018_03_09_ferry",
    "/world/2018/mar/09/ferry",
    "/world/2018/march/9/ferry",
    "/xw/201803/t20180309_123.html",
    "/news/the-ferry-20180309",
    "/news/the-ferry-2018-03-09.html",
    "/gn/2018/03-09/8463.shtml",
    "/n1/2018/0309/c1001-2985.html",
    "/politics/2018-03/09/c_1122.htm",
    "/a/201803/09/WS5aa1.html",
    "/a/20180309/012345.htm",
    "/national/20180309-OYT1T50012/",
    "/abci-ferry-201803091234_noticia.html",
    "/tieu-de-20180309104512345.htm",
    "/20180309/1516012345.html",
    "/societe/2234567-20180309-ferry",
    "/environnement/ferry-09-03-2018-7598.php",
    "/TR/2018/REC-xml-20180309/",
]
OTHERS = [
    "/weather/2018-03-09/rome",
    "/game/2018/03/09/abc",
    "/docs/api/2018-03-09/x",
    "/events/2018/03/09/ferry",
    "/wp-content/uploads/2018/03/09/x.html",
    "/on-this-day/1993/03/14/x",
    "/webinar-ferry-2018-03-09",
    "/web/20180309101112/https://a.example/ferry",
    "/2018/03/09/",
    "/2018/03/ferry",
    "/p/20180231-ferry",
    "/item/12345678-ferry",
    "/t/20180309123456789012",
    "/blog/top-20-2018-03",
]
STYLE = DateStyle("fr", lambda: "day first")


@pytest.mark.parametrize("path", PATHS)
def test_a_path_has_the_day_of_publication_in_many_forms(path: str) -> None:
    """The order of `09-03-2018` is that of the page."""
    moment = moment_in(day_in_path(path) or "", STYLE)
    assert moment is not None
    assert f"{moment:%Y-%m-%d}" == "2018-03-09"


@pytest.mark.parametrize("path", OTHERS)
def test_a_path_of_events_files_or_lists_has_no_day_of_publication(path: str) -> None:
    """Nor has a number that is no day."""
    assert moment_in(day_in_path(path) or "", STYLE) is None
