"""The work on one post, the same for all rivals: render it, fetch the titles of its links, save it.

The result is one row in PostgreSQL. A second run of the same post counts itself in `runs`.
"""

import json
import os
import re

import markdown
import nh3
import requests
from sqlalchemy import create_engine, text

#: Seconds until a page counts as missing.
PAGE_TIMEOUT = 10

TABLE = """
CREATE TABLE posts (
    id text PRIMARY KEY,
    text text NOT NULL,
    html text NOT NULL,
    titles text NOT NULL,
    done_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    runs integer NOT NULL DEFAULT 1
)
"""

_SAVE = text(
    "INSERT INTO posts (id, text, html, titles) VALUES (:id, :text, :html, :titles) "
    "ON CONFLICT (id) DO UPDATE SET runs = posts.runs + 1"
)

_URL = re.compile(r"https?://\S+")

# It connects at the first query, so after a fork.
engine = create_engine(
    os.environ.get("RIVAL_DATABASE_URL", "sqlite://"),
    pool_size=int(os.environ.get("RIVAL_SLOTS", "16")),
)


def render(source: str) -> str:
    """Safe HTML from Markdown, with links for bare URLs."""
    linked = _URL.sub(r"<\g<0>>", source)
    return nh3.clean(markdown.markdown(linked, extensions=["extra", "codehilite"]))


def has_links(source: str) -> bool:
    """Whether a post links to a page."""
    return _URL.search(source) is not None


def titles(source: str) -> list[str]:
    """The titles of the pages that a post links to."""
    return [_title(url) for url in _URL.findall(source)]


def finish(post_id: str, source: str) -> None:
    """All of the work."""
    values = {"html": render(source), "titles": json.dumps(titles(source))}
    with engine.begin() as connection:
        connection.execute(_SAVE, {"id": post_id, "text": source, **values})


def warm_up() -> None:
    """Load what the first use would load. No connection is left for a fork to share."""
    render("# Some `code`\n\n```python\nx = 1\n```\n")
    engine.connect().close()
    engine.dispose()


def _title(url: str) -> str:
    response = requests.get(url, timeout=PAGE_TIMEOUT)
    response.raise_for_status()
    return response.text.partition("<title>")[2].partition("</title>")[0]
