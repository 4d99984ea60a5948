"""Links of the flavour `markdown` without Markdown's brackets: `<https://...>`, and bare links.

URLs are found with the inline syntax, so that an underscore within a URL begins no emphasis. E-mail
addresses are found after it, where an underscore beside one may be an emphasis.
"""

import re
from typing import cast
from xml.etree.ElementTree import Element

from markdown import Markdown, treeprocessors
from markdown.extensions import Extension
from markdown.inlinepatterns import InlineProcessor
from markdown.util import INLINE_PLACEHOLDER_RE, AtomicString

from splitflap_renderer.markdown.bare_links import BEGINNING_RE, bare_link, emails
from splitflap_renderer.markdown.entities import decoded
from splitflap_renderer.markdown.extensions.literals import source_of
from splitflap_renderer.markdown.extensions.tree import (
    CODE,
    Pieces,
    TextReplacer,
    literal,
    unescaped,
)
from splitflap_renderer.markdown.rules.targets import Targets

#: Marks the element of `<https://...>` until `previews` collects the links.
NO_PREVIEW = "data-no-preview"

#: Marks the element of a bare link until `raw_links` has seen it.
BARE = "data-bare"

#: CommonMark's autolinks. A placeholder may stand for an escaped character.
_ANGLED_URL_RE = r"<([A-Za-z][A-Za-z0-9.+-]{1,31}:[^<>\x00\x01\x04-\x20]*)>"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ANGLED_EMAIL_RE = rf"<([A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]+@{_LABEL}(?:\.{_LABEL})*)>"

#: Escapes that a bare URL may have, as Python-Markdown keeps them.
_ESCAPES = {f"\x02{ord(each)}\x03" for each in "_*~"}


class AutolinksExtension(Extension):
    """Registers the processors below. Without `bare` it finds no bare links."""

    def __init__(self, targets: Targets, *, bare: bool) -> None:
        super().__init__()
        self._targets = targets
        self._bare = bare

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - Markdown's name
        """Bare URLs come after line breaks (85), before entities (80); addresses after escapes."""
        url = _Angled(_ANGLED_URL_RE, md, self._targets)
        md.inlinePatterns.register(url, "autolink", 120)
        address = _Angled(_ANGLED_EMAIL_RE, md, self._targets)
        md.inlinePatterns.register(address, "automail", 110)
        if self._bare:
            md.inlinePatterns.register(_BareUrl(BEGINNING_RE, md), "bare_url", 84)
            addresses = TextReplacer(md, _with_emails, sign="@", verbatim={"a", *CODE})
            md.treeprocessors.register(addresses, "emails", -0.5)


class _Angled(InlineProcessor):
    ANCESTOR_EXCLUDES = ("a",)

    def __init__(self, pattern: str, md: Markdown, targets: Targets) -> None:
        super().__init__(pattern, md)
        self._targets = targets

    def handleMatch(  # type: ignore[override]  # noqa: N802
        self,
        m: re.Match[str],
        data: str,  # noqa: ARG002 - a parameter of the base
    ) -> tuple[Element, int, int] | tuple[None, None, None]:
        written = source_of(self, m[1])
        url = written if ":" in written else f"mailto:{written}"
        # A space comes from code in it, an escaped `<` from a tag that is shown as text.
        if not self._targets.link(unescaped(url)) or " " in url or "\x0260\x03" in url:
            return None, None, None
        element = Element("a", {"href": literal(url), NO_PREVIEW: ""})
        element.text = literal(written)
        return element, m.start(), m.end()


class _BareUrl(InlineProcessor):
    ANCESTOR_EXCLUDES = ("a",)

    def handleMatch(  # type: ignore[override]  # noqa: N802
        self,
        m: re.Match[str],
        data: str,
    ) -> tuple[Element, int, int] | tuple[None, None, None]:
        found = bare_link(data, m.start(), self._after_escape)
        if found is None:
            return None, None, None
        element = Element("a", {"href": self.unescape(found.url), BARE: ""})
        element.text = literal(decoded(self.unescape(data[found.start : found.end])))
        return element, found.start, found.end

    def _after_escape(self, data: str, place: int) -> int:
        inline = cast("treeprocessors.InlineProcessor", self.md.treeprocessors["inline"])
        found = INLINE_PLACEHOLDER_RE.match(data, place)
        return found.end() if found and inline.stashed_nodes.get(found[1]) in _ESCAPES else place


def _with_emails(text: str) -> Pieces:
    pieces: Pieces = []
    end = 0
    for found in emails(text):
        link = Element("a", {"href": found.url, BARE: ""})
        link.text = AtomicString(text[found.start : found.end])
        pieces += [text[end : found.start], link]
        end = found.end
    return [*pieces, text[end:]]
