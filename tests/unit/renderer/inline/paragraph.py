"""What the tests of inline syntax share."""

from splitflap_core.contracts import FLAVOURS
from splitflap_renderer.options import Options

from tests.support.undirected import render

#: URLs for names, and two kinds of groups.
NAMED = Options(
    mention_url="/people/{name}",
    channel_url="/channels/{name}",
    group_mentions=("all", "dev/*"),
)


def paragraph(text: str, options: Options = NAMED) -> str:
    """The HTML within the only paragraph of a text, the same in both flavours."""
    first, second = (render(text, flavour, options) for flavour in FLAVOURS)
    assert (first.html.strip(), first.links) == (second.html.strip(), second.links)
    html = first.html.strip().replace(' rel="nofollow ugc noopener"', "")
    return html.removeprefix("<p>").removesuffix("</p>")


def names(text: str) -> tuple[list[str], list[str]]:
    """The mentions and channels of a text, the same in both flavours and without URLs."""
    found = {
        (tuple(result.mentions), tuple(result.channels))
        for flavour in FLAVOURS
        for options in (NAMED, Options(group_mentions=NAMED.group_mentions))
        for result in (render(text, flavour, options),)
    }
    assert len(found) == 1
    mentions, channels = found.pop()
    return list(mentions), list(channels)
