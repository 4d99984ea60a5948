"""Names and codes in running text: `@name`, `#channel` and emoji codes.

Bare URLs and e-mail addresses are skipped as a whole.
"""

import re
from html import escape

from splitflap_core.contracts import MAX_NAMES

from splitflap_renderer.html.emoji import MAX_CODE, emoji
from splitflap_renderer.html.templates import page_of
from splitflap_renderer.options import Options

#: The API's form of accounts' and channels' names, without a full stop or dash at the end, which
#: belongs to the sentence. A channel must have a letter: `#1` is a number.
_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9_])?"
_WORD = re.compile(
    r"(?<![\w+.@/-])(?:[A-Za-z][A-Za-z0-9+.-]{0,30}://|www\.)\S+"
    r"|(?<![\w.+-])[\w.+-]{1,64}@(?=[\w-])[\w.-]+"
    rf"|(?P<emoji>(?<!\w):[a-z0-9_+-]{{1,{MAX_CODE - 2}}}:(?!\w))"
    rf"|(?<![\w@#&/=.:-])@(?P<mention>{_NAME})(?![\w@])"
    rf"|(?<![\w@#&/=.:-])#(?P<channel>(?=[0-9._-]{{0,98}}[A-Za-z]){_NAME})(?![\w#])"
)


class Names:
    """The accounts and channels of a text in reading order, each once, at most MAX_NAMES each."""

    def __init__(self, options: Options) -> None:
        self.mentions: dict[str, None] = {}
        self.channels: dict[str, None] = {}
        self._mention_url = options.mention_url
        self._channel_url = options.channel_url

    def marked(self, text: str, before: str, *, linked: bool) -> str:
        """Replace emoji codes, and link names unless the text is within a link.

        `text` has HTML's escapes. `before` is the visible character before it, or empty.
        """
        if not ("@" in text or "#" in text or ":" in text):
            return text
        replace = self._emoji if linked else self._any
        skip = len(before)
        marked = _WORD.sub(
            lambda found: found[0] if found.start() < skip else replace(found), before + text
        )
        return marked[skip:]

    def _emoji(self, found: re.Match[str]) -> str:
        return (found["emoji"] and emoji(found["emoji"])) or found[0]

    def _any(self, found: re.Match[str]) -> str:
        if name := found["mention"]:
            return _link(found[0], name, self._mention_url, self.mentions, "mention")
        if name := found["channel"]:
            return _link(found[0], name, self._channel_url, self.channels, "channel")
        return self._emoji(found)


def _link(written: str, name: str, url: str | None, seen: dict[str, None], kind: str) -> str:
    """Link a name and list it. Names beyond the bound of the list stay text."""
    if url is None or (name not in seen and len(seen) >= MAX_NAMES):
        return written
    seen[name] = None
    return f'<a href="{escape(page_of(url, name))}" class="{kind}">{written}</a>'
