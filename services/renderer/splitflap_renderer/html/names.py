"""Names and codes in running text: `@name`, `#channel` and emoji codes.

Other URLs and e-mail addresses are skipped as a whole. docs/html.md has the rules for names. Each
pattern takes linear time.
"""

import re
from html import escape
from unicodedata import normalize

from splitflap_core.contracts import MAX_NAME, MAX_NAMES

from splitflap_renderer.html.emoji import MAX_CODE, emoji
from splitflap_renderer.html.templates import page_of
from splitflap_renderer.options import Options
from splitflap_renderer.scripts import MARKS, NOT_IN_WORD, SPACED, SPACELESS

_LETTER = rf"(?:{SPACED}|[{MARKS}])"

#: A name in a script with spaces ends before a script without them. Another name takes both. A full
#: stop or a dash at the end belongs to the sentence.
_NAME = (
    rf"(?:(?!_){SPACED}{_LETTER}*+(?:(?:\.|-++){_LETTER}++)*+"
    rf"|[{SPACELESS}](?:\w|[{MARKS}])*+)"
)
_LOCAL = rf"(?:{_LETTER}|[.+-])"
_WORD = re.compile(
    r"(?<![\w+.@/-])(?:[A-Za-z][A-Za-z0-9+.-]{0,30}://|www\.)\S+"
    rf"|(?<!{_LOCAL}){_LOCAL}++(?<={SPACED})@(?:{_LETTER}|[.-])+"
    rf"|(?P<emoji>{NOT_IN_WORD}:[a-z0-9_+-]{{1,{MAX_CODE - 2}}}:(?!{SPACED}))"
    rf"|{NOT_IN_WORD}(?<![@#\\])(?:"
    rf"@(?P<mention>{_NAME}(?:/{_NAME})?)(?!@)"
    # `#1` is a number.
    rf"|\#(?P<channel>(?=[\d._-]*+[^\W\d_]){_NAME})(?![@#]))"
)

#: The tags around a group's name. A group has no page.
_GROUP = ('<span class="group-mention">', "</span>")


class Names:
    """The accounts and channels of a text in reading order, each once, at most MAX_NAMES each."""

    def __init__(self, options: Options) -> None:
        self.mentions: dict[str, None] = {}
        self.channels: dict[str, None] = {}
        self._mention_url = options.mention_url
        self._channel_url = options.channel_url
        self._groups = {each.casefold(): each for each in options.group_mentions}
        #: The end of the last finding in the present text.
        self._end = -1

    def marked(self, text: str, before: str, *, linked: bool) -> str:
        """Replace emoji codes, and link names unless the text is within a link.

        `text` has HTML's escapes. `before` is the visible character before it, or empty.
        """
        if not ("@" in text or "#" in text or ":" in text):
            return text
        replace = self._emoji if linked else self._any
        skip = len(before)
        self._end = -1
        marked = _WORD.sub(
            lambda found: found[0] if found.start() < skip else replace(found), before + text
        )
        return marked[skip:]

    def _emoji(self, found: re.Match[str]) -> str:
        characters = found["emoji"] and emoji(found["emoji"])
        # `std::hash::Hash` is code; `:tada::tada:` are two codes.
        if not characters or self._follows(":", found):
            return found[0]
        self._end = found.end()
        return characters

    def _follows(self, separator: str, found: re.Match[str]) -> bool:
        """Whether the character before is this one, and does not end or follow the last finding."""
        place = found.start()
        before = found.string[max(0, place - 1) : place]
        return before == separator and self._end not in {place, place - 1}

    def _any(self, found: re.Match[str]) -> str:
        if found["emoji"]:
            return self._emoji(found)
        # `medium.example/@ann` is a path; `@ann/@bob` are two names.
        if self._follows("/", found):
            return found[0]
        if name := found["mention"]:
            return self._mention(found, normalize("NFC", name))
        if name := found["channel"]:
            name = normalize("NFC", name)
            return self._named(
                found, name, self.channels, _link(self._channel_url, name, "channel")
            )
        return found[0]

    def _mention(self, found: re.Match[str], name: str) -> str:
        team, slash, _ = name.partition("/")
        if slash:
            # Without a setting, `@types/node` is a package.
            group = name if f"{team}/*".casefold() in self._groups else None
            if group is None:
                return found[0]
        else:
            group = self._groups.get(name.casefold())
        if group:
            return self._named(found, group, self.mentions, _GROUP)
        return self._named(found, name, self.mentions, _link(self._mention_url, name, "mention"))

    def _named(
        self, found: re.Match[str], name: str, seen: dict[str, None], marks: tuple[str, str]
    ) -> str:
        """List a name, and mark it. Names beyond the bounds stay text."""
        if len(name) > MAX_NAME or (name not in seen and len(seen) >= MAX_NAMES):
            return found[0]
        seen[name] = None
        self._end = found.end()
        return f"{marks[0]}{found[0]}{marks[1]}"


def _link(url: str | None, name: str, kind: str) -> tuple[str, str]:
    """The tags around a name. Without a URL there are none."""
    if url is None:
        return "", ""
    return f'<a href="{escape(page_of(url, name))}" class="{kind}">', "</a>"
