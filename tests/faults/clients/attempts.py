"""Attempts: the clients' requests, and the responses to them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from random import Random

from tests.system.rig.raw_http import RawResponse

from .deployment import Pages

#: A text that takes 0.1 s of CPU to render: emphasis in emphasis.
HEAVY = "*a **a " * 500 + "b** b* " * 500

#: A text that takes a second of CPU, so that its worker can be killed within it.
POISON = "*a **a " * 4_600 + "b** b* " * 4_600

#: The share of heavy texts, and the shares of posts with links, of changed posts, of keys.
HEAVY_SHARE, LINKS_SHARE, CHANGED_SHARE, KEY_SHARE = 0.05, 0.25, 0.12, 0.5

CHANGES = ("edit early", "edit late", "delete early", "delete late")


@dataclass
class Attempt:
    """One post as its client sees it. Its text contains `token`; no other text does."""

    token: str
    text: str
    #: The Idempotency-Key. A client without one (None) sends the post once only.
    key: str | None
    #: The linked pages, and whether each must have a ready preview.
    links: dict[str, bool] = field(default_factory=dict)
    #: The change that its client makes later: one of CHANGES, or empty.
    change: str = ""
    poison: bool = False
    acknowledged: bool = False
    #: The Location of its task. It stays None if a repeat got the final response itself.
    location: str | None = None
    #: Different final responses; more than one is a fault.
    finals: list[RawResponse] = field(default_factory=list)
    post_id: str | None = None
    #: Texts of all edits that were sent, and the text of the acknowledged one.
    edits: list[str] = field(default_factory=list)
    edited: str | None = None
    edit_location: str | None = None
    edit_finals: list[RawResponse] = field(default_factory=list)
    delete_tried: bool = False
    deleted: bool = False

    def note_final(self, response: RawResponse) -> None:
        """Record a final response, unless an equal one is recorded already."""
        if response.stable not in self.finals:
            self.finals.append(response.stable)

    def note_edit_final(self, response: RawResponse) -> None:
        """Record a final response of its edit, as `note_final` does."""
        if response.stable not in self.edit_finals:
            self.edit_finals.append(response.stable)


def new_attempt(token: str, rng: Random, site: Pages, *, heavy: bool) -> Attempt:
    """A random attempt: plain, heavy, or with links to fast, slow and missing pages."""
    text = f"post {token} **by** a client"
    links: dict[str, bool] = {}
    chance = rng.random()
    if heavy and chance < HEAVY_SHARE:
        text += f"\n\n{HEAVY}"
    elif chance < HEAVY_SHARE + LINKS_SHARE:
        # A third of the pages are shared by many posts.
        name = rng.choice((token, token, f"shared-{rng.randrange(20)}"))
        kinds = rng.sample(("page", "slow", "missing"), rng.randint(1, 2))
        links = {site.url(f"{kind}/{name}"): kind != "missing" for kind in kinds}
        text += " ".join(("", *links))
    change = rng.choice(CHANGES) if rng.random() < CHANGED_SHARE else ""
    key = f"key-{token}" if rng.random() < KEY_SHARE else None
    return Attempt(token, text, key, links, change)


def acknowledged(attempts: Iterable[Attempt]) -> list[Attempt]:
    """The attempts that got a 202 or a final response."""
    return [each for each in attempts if each.acknowledged]


def finals_of(attempts: Iterable[Attempt]) -> Iterator[tuple[str, set[int]]]:
    """The ids of the tasks that have a final response, and its status."""
    for each in attempts:
        for location, finals in (
            (each.location, each.finals),
            (each.edit_location, each.edit_finals),
        ):
            if location and finals:
                yield location.rpartition("/")[2], {final.status for final in finals}
