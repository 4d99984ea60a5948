"""Lists of posts on both databases: a list has what a filter of all posts finds, in its order."""

import random
from datetime import UTC, datetime
from typing import Any

import pytest
from splitflap_api.contract.formats import new_id
from splitflap_api.contract.models import PostQuery
from splitflap_api.domain.access.channels import ALL, Channels
from splitflap_api.domain.posts import matching, pages
from splitflap_api.store.bulk import insert_rows
from splitflap_api.store.schema import posts
from sqlalchemy import delete

from tests.unit.api.rig import Rig, Row

#: Names whose order differs between languages and bytes.
CHANNELS = ("team-a", "team-B", "team", "teamz", "Team-a", "team-é", "ops", "zoo")
PATTERNS = (*CHANNELS, "team-*", "team*", "te*", "Team*", "z*", "none", "none-*")
AUTHORS = ("ann", "bob", "cy")
PARENTS = (None, "p", "q")
BEGAN = 1_600_000_000_000
COUNT = 100


@pytest.fixture
def stored(rig: Rig) -> list[Row]:
    """The posts of some seconds, without those that were deleted."""
    made = random.Random(23)
    rows = [
        {
            "id": new_id(BEGAN + made.randrange(COUNT) * 1000),
            "channel": made.choice(CHANNELS),
            "account": made.choice(AUTHORS),
            "parent": made.choice(PARENTS),
            "text": "x",
            "state": "rendered",
            "revision": 1,
            "created_at": BEGAN,
            "updated_at": BEGAN,
        }
        for _ in range(COUNT)
    ]
    with rig.store.write() as tx:
        insert_rows(tx, posts, [{**row, "flavour": "markdown", "breaks": False} for row in rows])
        for row in rows[::7]:
            tx.execute(delete(posts).where(posts.c.id == row["id"]))
    return rig.rows(posts)


@pytest.mark.parametrize("merged", [matching.MERGED, 3])
def test_a_list_has_what_a_filter_finds(
    rig: Rig, stored: list[Row], merged: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Page after page, with every filter, for limited keys too: merged, and in steps."""
    monkeypatch.setattr(matching, "MERGED", merged)
    monkeypatch.setattr(matching, "STEP", 10)
    made = random.Random(merged)
    for _ in range(20):
        query, channels = _some_query(made), _some_channels(made)
        expected = [row["id"] for row in stored if _matches(row, query, channels)]
        if query.order == "newest":
            expected.reverse()
        assert _read(rig, query, channels) == expected, (query, channels)


def _some_query(made: random.Random) -> PostQuery:
    def maybe(value: Any) -> Any:
        return value if made.random() < 0.3 else None

    def moment() -> datetime:
        return datetime.fromtimestamp(BEGAN / 1000 + made.randrange(COUNT), UTC)

    return PostQuery(
        channel=maybe(made.choice(CHANNELS)),
        author=maybe(made.choice(AUTHORS)),
        parent=maybe(made.choice(PARENTS)),
        since=maybe(moment()),
        until=maybe(moment()),
        order=made.choice(("newest", "oldest")),
        limit=made.choice((5, 100)),
    )


def _some_channels(made: random.Random) -> Channels:
    count = made.randrange(4)
    return Channels.of(made.sample(PATTERNS, count)) if count else ALL


def _matches(row: Row, query: PostQuery, channels: Channels) -> bool:
    """The API has checked the right to a channel that a query names."""
    moment = datetime.fromtimestamp(int(row["id"].replace("-", "")[:12], 16) / 1000, UTC)
    return (
        (row["channel"] in channels if query.channel is None else row["channel"] == query.channel)
        and query.author in {None, row["account"]}
        and query.parent in {None, row["parent"]}
        and (query.since is None or moment >= query.since)
        and (query.until is None or moment < query.until)
    )


def _read(rig: Rig, query: PostQuery, channels: Channels) -> list[str]:
    found: list[str] = []
    while True:
        after = found[-1] if found else None
        page = pages.page(rig.store, query, channels, after, 2**20, rig.urls)
        found += [post.id for post in page.posts]
        if not page.more:
            return found


@pytest.mark.parametrize("pattern", ["team-*", "rare", "zzz*"])
def test_a_list_of_few_channels_is_not_searched(
    rig: Rig, pattern: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only more channels than MERGED are."""
    monkeypatch.delattr(matching, "_searched")
    channels = Channels.of([pattern])
    for query in (PostQuery(), PostQuery(author="ann"), PostQuery("team-a", author="ann")):
        pages.page(rig.store, query, channels, None, 1, rig.urls)
