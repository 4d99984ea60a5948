"""What a system's database says of its posts: when each was done, how often, with what result."""

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import psycopg

from .mix import number_of


@dataclass(frozen=True)
class Done:
    """A post that is done. `at` is in seconds since the epoch, by the database's clock."""

    at: float
    times: int
    html: str
    titles: Sequence[str]


class Books(ABC):
    """The books of one system."""

    #: Counts the posts that are done.
    COUNT: bytes

    def __init__(self, url: str) -> None:
        self._url = url.replace("+psycopg", "")

    def count(self) -> int:
        """How many posts are done; 0 while the database does not answer."""
        with suppress(psycopg.OperationalError):
            return int(self.rows(self.COUNT)[0][0])
        return 0

    @abstractmethod
    def done(self) -> dict[int, Done]:
        """All posts that are done, by their numbers."""

    def rows(self, statement: bytes) -> list[Any]:
        """The rows of a statement, over a new connection."""
        with psycopg.connect(self._url, connect_timeout=5) as connection:
            return connection.execute(statement).fetchall()


class RivalBooks(Books):
    """The table of rivals/work.py."""

    COUNT = b"SELECT count(*) FROM posts"

    def done(self) -> dict[int, Done]:
        rows = self.rows(b"SELECT text, extract(epoch FROM done_at), runs, html, titles FROM posts")
        return {
            number_of(text): Done(float(at), runs, html, json.loads(titles))
            for text, at, runs, html, titles in rows
        }


class SplitflapBooks(Books):
    """Splitflap's tables. A post is done with its event `done`, which clients receive."""

    COUNT = b"SELECT count(*) FROM events WHERE kind = 'done'"

    _POSTS = (
        b"SELECT p.id, p.text, p.html, min(e.created_at) / 1000.0, count(*) FROM events e "
        b"JOIN posts p ON p.id = CAST(CAST(e.data AS json) ->> 'post' AS uuid) "
        b"WHERE e.kind = 'done' AND p.state = 'complete' GROUP BY p.id"
    )
    _TITLES = (
        b"SELECT l.post_id, v.title FROM post_links l JOIN previews v ON v.url = l.url "
        b"WHERE v.state = 'ready' ORDER BY l.post_id, l.position"
    )

    def done(self) -> dict[int, Done]:
        titles: dict[object, list[str]] = {}
        for post, title in self.rows(self._TITLES):
            titles.setdefault(post, []).append(title)
        return {
            number_of(text): Done(float(at), times, html, titles.get(post, []))
            for post, text, html, at, times in self.rows(self._POSTS)
        }
