"""What a client has tried to do, and what it was told."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random

from tests.system.rig.raw_http import RawResponse

from .deployment import Pages

#: A text that takes 0.1 s to render (CPU): emphasis in emphasis, each opener of which is looked at
#: again from each before it.
HEAVY = "*a **a " * 500 + "b** b* " * 500

#: One that takes far more than a renderer's deadline: Pygments looks for the end of each of these.
POISON = "```perl\n" + "s{" * 12_000 + "\n```"


@dataclass
class Attempt:
    """One post as its client sees it. `token` is in the text, and in no other."""

    token: str
    text: str
    #: Idempotency-Key; None for a client that does not repeat.
    key: str | None
    #: The pages that its text links to, and whether their previews must be ready.
    links: dict[str, bool] = field(default_factory=dict)
    #: What its client will do to it: nothing, `edit` or `delete`, `early` or `late`.
    plan: str = ""
    poison: bool = False
    acknowledged: bool = False
    #: Of the task; None also where a repeat got the final response itself.
    location: str | None = None
    finals: list[RawResponse] = field(default_factory=list)
    post_id: str | None = None
    #: Texts that an edit may have given it, and the one that was acknowledged.
    edits: list[str] = field(default_factory=list)
    edited: str | None = None
    edit_location: str | None = None
    edit_finals: list[RawResponse] = field(default_factory=list)
    delete_tried: bool = False
    deleted: bool = False

    def note_final(self, answer: RawResponse) -> None:
        """Keep a final response, if it differs from those seen before."""
        if answer.stable not in self.finals:
            self.finals.append(answer.stable)

    def note_edit_final(self, answer: RawResponse) -> None:
        """As `note_final`, for its edit."""
        if answer.stable not in self.edit_finals:
            self.edit_finals.append(answer.stable)


PLANS = ("edit early", "edit late", "delete early", "delete late")


def new_attempt(token: str, dice: Random, site: Pages, *, heavy: bool) -> Attempt:
    """An attempt of a random kind: plain, heavy, or with links to fast, slow and failing pages."""
    text = f"post {token} **by** a client"
    links: dict[str, bool] = {}
    chance = dice.random()
    if heavy and chance < 0.05:
        text += f"\n\n{HEAVY}"
    elif chance < 0.3:
        # Some pages are shared by many posts, most are nobody else's.
        name = dice.choice((token, token, f"shared-{dice.randrange(20)}"))
        kinds = dice.sample(("page", "slow", "missing"), dice.randint(1, 2))
        links = {site.url(f"{kind}/{name}"): kind != "missing" for kind in kinds}
        text += " ".join(("", *links))
    plan = dice.choice(PLANS) if dice.random() < 0.12 else ""
    key = f"key-{token}" if dice.random() < 0.5 else None
    return Attempt(token, text, key, links, plan)


def acknowledged(attempts: Iterable[Attempt]) -> list[Attempt]:
    """Those that were answered with 202, or with what came of them."""
    return [each for each in attempts if each.acknowledged]
