"""Players of pages: a preview has those of known providers alone, for a frame.

A frame runs the scripts of its page. So a player counts only over https, and only at the places of
a list. An entry of the list is a host, or a host with the begin of a path.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
from splitflap_core.urls.addresses import AddressRules
from splitflap_core.urls.web_url import BadUrl, host_of

from splitflap_scraper.page.document import Document
from splitflap_scraper.page.markup import attributes
from splitflap_scraper.preview.fields.text_images import pixels
from splitflap_scraper.preview.sources import Sources
from splitflap_scraper.preview.urls import shown
from splitflap_scraper.preview.words import load

#: The word for the built-in list in the setting.
BUILT_IN = "default"

#: URLs of players that are tried in one page.
MAX_TRIED = 6

#: Characters read of the HTML around a frame.
MAX_HTML = 8192

_FRAME = re.compile(r"<iframe(?=\s)[^>]{0,2000}+>", re.IGNORECASE)
_URLS = {
    "og:video": ("og:video:secure_url", "og:video:url", "og:video"),
    "twitter:player": ("twitter:player", "twitter:player:url"),
}
_SIZES = {
    "og:video": ("og:video:width", "og:video:height"),
    "twitter:player": ("twitter:player:width", "twitter:player:height"),
}


class _Words(msgspec.Struct, frozen=True):
    frames: list[str]


@dataclass(frozen=True)
class Player:
    """A page for a frame, with its size in pixels if that is known."""

    url: str
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True)
class Players:
    """The begins of URLs of players: a host with a slash, or with the begin of a path."""

    prefixes: tuple[str, ...]

    @classmethod
    def parsed(cls, text: str) -> "Players":
        """Read a list. `default` stands for the built-in one, and an empty text for no player.

        Raises:
            BadUrl: an entry has an invalid host.
        """
        prefixes: list[str] = []
        for entry in filter(None, re.split(r"[\s,]+", text)):
            prefixes += load("players", _Words).frames if entry == BUILT_IN else [_prefix(entry)]
        return cls(tuple(prefixes))

    def check(self, rules: AddressRules) -> None:
        """Check that previews may show URLs that begin so.

        Raises:
            BadUrl: they may not, or they write it in another way.
        """
        for each in self.prefixes:
            if shown(f"https://{each}", rules) != f"https://{each}":
                raise BadUrl(f"{each[:100]!r}: no URL of a preview begins so")

    def allowed(self, player: Player, rules: AddressRules) -> Player | None:
        """Return a player with the canonical form of its URL, or None for an unknown place."""
        url = shown(player.url, rules) or ""
        rest = url.removeprefix("https://")
        is_known = rest != url and rest.startswith(self.prefixes)
        return Player(url, player.width, player.height) if is_known else None


def _prefix(entry: str) -> str:
    host, _, path = entry.partition("/")
    try:
        return f"{host_of(entry if '://' in entry else host)}/{path}"
    except BadUrl as error:
        raise BadUrl(f"{entry[:100]!r}: {error}") from error


#: The built-in list.
DEFAULT_PLAYERS = Players.parsed(BUILT_IN)


def player(sources: Sources, players: Players, rules: AddressRules) -> Player | None:
    """Return the page's first player at a known place, or None."""
    if not players.prefixes:
        return None
    for number, each in enumerate(_candidates(sources)):
        if number >= MAX_TRIED:
            break
        url = sources.page.resolved(each.url)
        if url and (found := players.allowed(Player(url, each.width, each.height), rules)):
            return found
    return None


def framed(html: str) -> Player | None:
    """Return the player in the first frame of a piece of HTML, or None."""
    frame = _FRAME.search(html[:MAX_HTML])
    tag = attributes(frame[0]) if frame else {}
    source = tag.get("src", "").replace("&amp;", "&").strip()
    if source.startswith("//"):
        source = f"https:{source}"
    return Player(source, pixels(tag.get("width")), pixels(tag.get("height"))) if source else None


def _candidates(sources: Sources) -> Iterator[Player]:
    page = sources.page
    for name, names in _URLS.items():
        for url in dict.fromkeys(page.meta(*names)):
            yield Player(url, *_size(page, name))
    for url in (*sources.json_ld("embedUrl"), *sources.microdata.texts("embedUrl")):
        yield Player(url)


def _size(page: Document, name: str) -> tuple[int | None, int | None]:
    width, height = (next(iter(page.meta(each)), None) for each in _SIZES[name])
    return pixels(width), pixels(height)
