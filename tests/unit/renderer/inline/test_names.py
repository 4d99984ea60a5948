"""Mentions, channels and groups in a text, the same in both flavours."""

# ruff: noqa: RUF001 - the names have letters of many scripts

import pytest
from splitflap_core.contracts import FLAVOURS, MAX_NAME, Flavour
from splitflap_core.settings import load
from splitflap_renderer.html.names import Names
from splitflap_renderer.options import Options
from splitflap_renderer.settings import RendererSettings

from tests.support.undirected import render
from tests.unit.renderer.inline.paragraph import NAMED, names, paragraph

MENTIONS = {
    ".@ann": ["ann"],
    "cc:@ann": ["ann"],
    "交给@Scout处理": ["Scout"],
    "(@ann)": ["ann"],
    "@ann's": ["ann"],
    "@ann’s": ["ann"],
    "@ann:": ["ann"],
    "@ann.": ["ann"],
    "@ann, @bob; @zoe! @ann?": ["ann", "bob", "zoe"],
    "@a,@b,@c": ["a", "b", "c"],
    "@ann/@bob": ["ann", "bob"],
    "Thanks.@ann": ["ann"],
    "—@ann": ["ann"],
    "assignee=@ann": ["ann"],
    "**@ann**, _@bob_, ~~@zoe~~": ["ann", "bob", "zoe"],
    "\"@ann\" '@bob' «@zoe» 「@kim」": ["ann", "bob", "zoe", "kim"],
    "@ann-bob @ann--bob @ann.bob @ann_": ["ann-bob", "ann--bob", "ann.bob", "ann_"],
    "@ann..bob @bob- @zoe...": ["ann", "bob", "zoe"],
    "@123": ["123"],
    # Names beyond ASCII.
    "@Jürgen hi": ["Jürgen"],
    "@Ju\u0308rgen hi": ["Jürgen"],
    "@李雷 请看": ["李雷"],
    "@李雷，请看": ["李雷"],
    "@Ann李": ["Ann"],
    "@Ольга, @عمر @राम जी": ["Ольга", "عمر", "राम"],
    "한국어@Scout님": ["Scout"],
    # No names.
    "npm i @types/gulp": [],
    "\\@ann": [],
    "\\@ann\\@bob &#64;ann &commat;ann": [],
    "![\\@ann](https://e.com/a.png)": [],
    "a@b.c": [],
    "@@x": [],
    "`@ann`": [],
    "word@ann é@ann": [],
    "@ann@social.example": [],
    "medium.example/@ann": [],
    "https://e.com/@ann www.e.com/@ann ftp://e.com/@ann": [],
    "[@ann](https://e.com)": [],
    "@_ann @-ann @.ann @ ann": [],
    "@" + "a" * (MAX_NAME + 1): [],
}

CHANNELS = {
    "#general is down": ["general"],
    "#general": ["general"],
    "看#general频道": ["general"],
    "#日本語 #Ключ": ["日本語", "Ключ"],
    "see #2024-plan, #a.b!": ["2024-plan", "a.b"],
    "#general/#random": ["general", "random"],
    "(#general)": ["general"],
    "#1 rule": [],
    "#!/bin/bash": [],
    "\\#general": [],
    "&num;general &#35;general": [],
    "C# F# a#b ##x #": [],
    "https://e.com/#general e.example/#general": [],
    "`#general`": [],
    "#1.2 #1-2": [],
}


@pytest.mark.parametrize(("text", "mentions"), MENTIONS.items(), ids=list(MENTIONS))
def test_mentions_are_found(text: str, mentions: list[str]) -> None:
    """They are listed whether or not a URL for links is set."""
    assert names(text) == (mentions, [])


@pytest.mark.parametrize(("text", "channels"), CHANNELS.items(), ids=list(CHANNELS))
def test_channels_are_found(text: str, channels: list[str]) -> None:
    """A heading needs a space, and a channel a letter."""
    assert names(text) == ([], channels)


def test_a_line_that_begins_with_a_channel_is_text() -> None:
    """So a chat message may begin with its channel."""
    html = paragraph("#general is down")
    assert html == '<a href="/channels/general" class="channel">#general</a> is down'


def test_a_name_without_a_url_stays_text() -> None:
    """Only the list has it."""
    assert paragraph("@ann #general", Options()) == "@ann #general"


def test_the_page_of_a_name_is_percent_encoded() -> None:
    """The template gets the bytes of UTF-8."""
    html = paragraph("@Jürgen")
    assert html == '<a href="/people/J%C3%BCrgen" class="mention">@Jürgen</a>'


@pytest.mark.parametrize(
    ("text", "mentions", "html"),
    [
        ("@all", ["all"], '<span class="group-mention">@all</span>'),
        ("@All and @all", ["all"], '<span class="group-mention">@All</span> and '),
        ("@dev/backend", ["dev/backend"], '<span class="group-mention">@dev/backend</span>'),
        ("@dev/back-end.", ["dev/back-end"], '<span class="group-mention">@dev/back-end</span>.'),
        ("@dev", ["dev"], '<a href="/people/dev" class="mention">@dev</a>'),
        ("@ops/backend", [], "@ops/backend"),
        ("@allen", ["allen"], '<a href="/people/allen"'),
        ("\\@all", [], "@all"),
    ],
)
def test_groups_are_named_by_a_setting(text: str, mentions: list[str], html: str) -> None:
    """A group has no page. `dev/*` in the setting stands for all teams of dev."""
    assert names(text) == (mentions, [])
    assert paragraph(text).startswith(html)


def test_the_setting_lists_groups_with_commas() -> None:
    """It is empty without one."""
    settings = load(RendererSettings, {"SPLITFLAP_GROUP_MENTIONS": "all,here,dev/*"})
    assert settings.options.group_mentions == ("all", "here", "dev/*")
    assert load(RendererSettings, {}).options.group_mentions == ()


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize(
    "text",
    [
        "\\@ann &#35;x \\:tada:",
        "# \\@ann \\#x",
        "| a |\n|--|\n| \\@ann |",
        "[\\@ann](https://e.com)",
    ],
)
def test_nothing_of_an_escape_survives(text: str, flavour: Flavour) -> None:
    """The parsers mark escaped characters, and the pass over the HTML removes the marks."""
    result = render(text, flavour, NAMED)
    assert "span" not in result.html + result.excerpt
    assert "\\" not in result.html + result.excerpt


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_text_cannot_write_the_mark_of_an_escape(flavour: Flavour) -> None:
    """An attribute `class` of a text is dropped before the sanitiser."""
    result = render('<span class="literal">x</span> <i class=literal>@ann</i>', flavour, NAMED)
    assert result.html.startswith("<p><span>x</span> <i><a ")


@pytest.mark.parametrize(
    "unit",
    [
        *(
            "a",
            "@",
            "#",
            ":",
            "@a",
            "#a",
            ":a",
            "@a@",
            "a@",
            "@a/",
            "@a.",
            "@a-",
            "#1",
            ":tada",
            "看@",
        ),
        *("http://", "www.", "a:", "a.", "-@", "@看", "@\u0301", "@a\u0301", "/@a", "&amp;@a"),
    ],
)
def test_the_search_for_names_is_linear(unit: str) -> None:
    """60 KB of a text's unit take few steps. A quadratic search would end the test by a timeout."""
    Names(NAMED).marked(unit * (60_000 // len(unit)) + "@", "", linked=False)
