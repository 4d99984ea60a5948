"""Markdown to safe HTML and what is found in it.

    check -> flavour -> sanitise -> decorate -> sanitise

Pure: the same text, flavour and options give the same result, in any order.
"""

from functools import cache
from hashlib import blake2b

from splitflap_core.contracts import MAX_LINKS, Flavour, RenderResult

from splitflap_renderer.html.decorate import decorated
from splitflap_renderer.html.sanitiser import final, sanitised
from splitflap_renderer.markdown.checks import check, check_html
from splitflap_renderer.markdown.gfm_flavour import GfmFlavour
from splitflap_renderer.markdown.markdown_flavour import MarkdownFlavour
from splitflap_renderer.options import DEFAULTS, Options

#: Most HTML that comes of a text: characters per character of the text. A text can repeat a long
#: reference or name many times.
MAX_GROWTH = 20

#: HTML that a text may become whatever its length, in characters: a short text is mostly tags.
MIN_HTML = 32_768


class TooLarge(ValueError):
    """A text whose HTML is longer than it may become."""


def render(text: str, flavour: Flavour = "markdown", options: Options = DEFAULTS) -> RenderResult:
    """The text as sanitised HTML, and what is found in it.

    Raises:
        Refused: the text has what no parser, or its HTML what no sanitiser should be given; see
            `checks`.
        TooLarge: the HTML is too long.
        Exception: Markdown stumbles over some texts; RecursionError and others are known.
    """
    check(text)
    text_hash = hash_of(text)
    try:
        html, links = _parser(flavour).convert(text, text_hash)
    except BaseException:
        # The parser may have stopped half-way, with this text's state.
        _parser.cache_clear()
        raise
    check_html(text, html)
    found = decorated(sanitised(_bounded(html, text), text_hash), options)
    # The last step adds to each link what all must say of themselves.
    made = final(_bounded(found.html, text), options.heading_prefix, text_hash)
    return RenderResult(
        _bounded(made, text),
        list(dict.fromkeys(links))[:MAX_LINKS],
        found.mentions,
        found.channels,
        found.excerpt,
    )


def hash_of(text: str) -> str:
    """What tells the ids of a text from those of others on the page."""
    return blake2b(text.encode(), digest_size=4).hexdigest()


def _bounded(html: str, text: str) -> str:
    most = max(MIN_HTML, MAX_GROWTH * len(text))
    if len(html) > most:
        raise TooLarge(f"{len(html)} characters of HTML; at most {most} for a text of {len(text)}")
    return html


@cache
def _parser(flavour: Flavour) -> MarkdownFlavour | GfmFlavour:
    """Building one takes as long as some texts, so it is kept."""
    return GfmFlavour() if flavour == "gfm" else MarkdownFlavour()
