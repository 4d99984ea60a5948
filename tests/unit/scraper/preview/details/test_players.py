"""Players: only over https, and only at known places."""

import pytest
from splitflap_core.urls.addresses import PUBLIC_ONLY
from splitflap_core.urls.web_url import BadUrl
from splitflap_scraper.preview.details.players import DEFAULT_PLAYERS, Player, Players, framed
from splitflap_scraper.preview.extract import extract

from tests.unit.scraper.preview.documents import of, read

TUBE = "https://www.youtube.com/embed/abc"


def meta(**contents: str) -> str:
    """Make metas. Their names have underscores for colons."""
    return "".join(
        f'<meta property="{name.replace("_", ":")}" content="{content}">'
        for name, content in contents.items()
    )


@pytest.mark.parametrize(
    "page",
    [
        meta(og_video=TUBE),
        meta(og_video_url=TUBE),
        meta(og_video="http://www.youtube.com/embed/abc", og_video_secure__url=TUBE).replace(
            "secure::url", "secure_url"
        ),
        meta(twitter_player=TUBE),
        meta(og_video="https://cdn.example/film.mp4", twitter_player=TUBE),
        (
            '<script type="application/ld+json">{"@type": "VideoObject", "name": "x", '
            f'"embedUrl": "{TUBE}"}}</script>'
        ),
        (
            '<div itemscope itemtype="http://schema.org/VideoObject">'
            f'<link itemprop="embedUrl" href="{TUBE}"></div>'
        ),
    ],
)
def test_a_page_names_its_player_in_many_ways(page: str) -> None:
    """Open Graph comes first, then Twitter's card and structured data."""
    assert of(f"<title>x</title>{page}").player == TUBE


def test_a_player_has_the_size_that_its_own_source_gives() -> None:
    """A share such as 100% is no size."""
    found = of(meta(og_video=TUBE, og_video_width="640", og_video_height="360"))
    assert (found.player_width, found.player_height) == (640, 360)
    found = of(meta(twitter_player=TUBE, twitter_player_width="100%", og_video_width="9"))
    assert (found.player_width, found.player_height) == (None, None)


@pytest.mark.parametrize(
    "url",
    [
        "http://www.youtube.com/embed/abc",
        "https://www.youtube.com/watch?v=abc",
        "https://www.youtube.com/embed/../redirect?q=https://evil.example",
        "https://www.youtube.com/embed/%2e%2e/redirect",
        "https://www.youtube.com.evil.example/embed/abc",
        "https://www.youtube.com:8443/embed/abc",
        "https://evil.example/www.youtube.com/embed/abc",
        "https://evil.example/?https://www.youtube.com/embed/abc",
        "https://www.youtube.com@evil.example/embed/abc",
        "https://evil.www.youtube.com/embed/abc",
        "javascript:alert(1)//www.youtube.com/embed/",
        "data:text/html,https://www.youtube.com/embed/",
        "https://127.0.0.1/embed/",
        "https://video.example/embed/1",
        "",
    ],
)
def test_a_player_at_another_place_is_none(url: str) -> None:
    """A frame runs the scripts of its page."""
    assert of(meta(og_video=url, twitter_player=url)).player is None
    assert DEFAULT_PLAYERS.allowed(Player(url), PUBLIC_ONLY) is None


def test_the_setting_extends_the_list_or_empties_it() -> None:
    """An entry is a host, or a host with the begin of a path."""
    page = read(meta(og_video="https://video.example/embed/1").encode()).document()
    for text, expected in [
        ("default, video.example", "https://video.example/embed/1"),
        ("VIDEO.example/embed/ other.example", "https://video.example/embed/1"),
        ("video.example/films/", None),
        ("default", None),
        ("", None),
    ]:
        assert extract(page, PUBLIC_ONLY, Players.parsed(text)).player == expected
    tube = read(meta(og_video=TUBE).encode()).document()
    assert extract(tube, PUBLIC_ONLY, Players.parsed("video.example")).player is None
    with pytest.raises(BadUrl):
        Players.parsed("https://video.example")


def test_a_player_beyond_the_first_candidates_is_not_tried() -> None:
    """Each candidate costs the parsing of a URL."""
    others = "".join(meta(og_video=f"https://a{n}.example/") for n in range(50))
    assert of(others + meta(og_video=TUBE)).player is None


@pytest.mark.parametrize(
    ("html", "player"),
    [
        (
            f'<iframe width="200" height="113" src="{TUBE}?a=b&amp;c=d"></iframe>',
            Player(f"{TUBE}?a=b&c=d", 200, 113),
        ),
        (
            "<iframe width='100%' src=//w.soundcloud.com/player/?url=x></iframe>",
            Player("https://w.soundcloud.com/player/?url=x"),
        ),
        ("<iframe></iframe>", None),
        ("<blockquote>iframe src=x</blockquote>", None),
        ("<iframe " * 2000, None),
    ],
)
def test_the_frame_of_an_answer_is_a_player(html: str, player: Player | None) -> None:
    """Its size is that of the frame."""
    assert framed(html) == player
