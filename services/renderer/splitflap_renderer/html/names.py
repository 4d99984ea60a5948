"""What stands in running text and means something: emoji codes, `@name`, `#channel`.

A URL or an e-mail address that is not a link is passed over whole, so nothing within it counts.
"""

import re
from html import escape

from splitflap_core.contracts import MAX_NAMES

from splitflap_renderer.html.emoji import MAX_CODE, emoji
from splitflap_renderer.html.templates import page_of
from splitflap_renderer.options import Options

#: As accounts and channels are named in the API's shapes, less a full stop or dash at the end,
#: which is the sentence's. A channel has a letter: `#1` counts something.
_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9_])?"
_WORD = re.compile(
    r"(?<![\w+.@/-])(?:[A-Za-z][A-Za-z0-9+.-]{0,30}://|www\.)\S+"
    r"|(?<![\w.+-])[\w.+-]{1,64}@(?=[\w-])[\w.-]+"
    rf"|(?P<emoji>(?<!\w):[a-z0-9_+-]{{1,{MAX_CODE - 2}}}:(?!\w))"
    rf"|(?<![\w@#&/=.:-])@(?P<mention>{_NAME})(?![\w@])"
    rf"|(?<![\w@#&/=.:-])#(?P<channel>(?=[0-9._-]{{0,98}}[A-Za-z]){_NAME})(?![\w#])"
)


class Names:
    """The people and channels of one text, in reading order, each once, MAX_NAMES of each."""

    def __init__(self, options: Options) -> None:
        self.mentions: dict[str, None] = {}
        self.channels: dict[str, None] = {}
        self._mention_url = options.mention_url
        self._channel_url = options.channel_url

    def marked(self, text: str, before: str, *, linked: bool) -> str:
        """Escaped text with its names linked, unless it is linked already, and its emoji codes.

        `before` is the character that the reader sees before it, or nothing.
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
    """What is beyond the bound of the list is not linked either."""
    if url is None or (name not in seen and len(seen) >= MAX_NAMES):
        return written
    seen[name] = None
    return f'<a href="{escape(page_of(url, name))}" class="{kind}">{written}</a>'
