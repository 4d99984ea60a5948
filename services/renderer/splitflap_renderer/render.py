"""Markdown to safe HTML, its links, names and excerpt.

    check -> flavour -> sanitise -> decorate -> sanitise

Rendering is pure: the same arguments give the same result.
"""

from functools import cache

from splitflap_core.contracts import MAX_LINKS, Flavour, RenderResult

from splitflap_renderer.footnote_ids import NO_SALT
from splitflap_renderer.html.decorate import decorated
from splitflap_renderer.html.loose_text import in_blocks
from splitflap_renderer.html.sanitiser import final, sanitised
from splitflap_renderer.markdown.checks import check
from splitflap_renderer.markdown.gfm_flavour import GfmFlavour
from splitflap_renderer.markdown.markdown_flavour import MarkdownFlavour
from splitflap_renderer.options import DEFAULTS, Options

#: Longest HTML, in characters per character of the text. A text can repeat a long reference or
#: name many times.
MAX_GROWTH = 20

#: Longest HTML of a short text, in characters: tags take most of it.
MIN_HTML = 131_072


class TooLarge(ValueError):
    """The HTML of a text is longer than its bound."""


def render(
    text: str,
    flavour: Flavour = "markdown",
    options: Options = DEFAULTS,
    *,
    breaks: bool = False,
    salt: str = "",
) -> RenderResult:
    """Render a text. `breaks` and `salt` are those of RenderRequest.

    Raises:
        TextRefused: the text, or its HTML, would take too long; see `checks`.
        TooLarge: the HTML is too long.
        Exception: Python-Markdown fails on some texts, with RecursionError and others.
    """
    check(text)
    salt = salt or NO_SALT
    try:
        html, links = _parser(flavour, breaks=breaks).convert(text, salt)
    except BaseException:
        # The parser may still hold the state of this text.
        _parser.cache_clear()
        raise
    longest = max(MIN_HTML, MAX_GROWTH * len(text))
    clean = in_blocks(sanitised(_bounded(html, longest), salt))
    found = decorated(clean, options, salt, longest)
    # The last step adds `rel` to each link, so the bound is checked again.
    safe = final(_bounded(found.html, longest), options.heading_prefix, salt)
    return RenderResult(
        _bounded(safe, longest),
        list(dict.fromkeys(links))[:MAX_LINKS],
        found.mentions,
        found.channels,
        found.excerpt,
    )


def _bounded(html: str, longest: int) -> str:
    if len(html) > longest:
        raise TooLarge(
            f"the HTML has {len(html)} characters; at most {longest} are allowed for this text"
        )
    return html


@cache
def _parser(flavour: Flavour, *, breaks: bool) -> MarkdownFlavour | GfmFlavour:
    """The parser of a flavour, built once: that takes as long as some texts."""
    return GfmFlavour(breaks=breaks) if flavour == "gfm" else MarkdownFlavour(breaks=breaks)
