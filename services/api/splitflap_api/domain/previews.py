"""Previews and renders without a post, and previews as the API shows them."""

from dataclasses import dataclass
from typing import Any

from splitflap_core.contracts import (
    FIELDS_ABOUT,
    MAX_URL,
    PREVIEW_FIELDS,
    URL_FIELDS,
    Flavour,
    RenderRequest,
)
from splitflap_core.urls.web_url import BadUrl, canonical
from sqlalchemy import Connection, select

from splitflap_api.contract import models
from splitflap_api.contract.formats import maybe_rfc3339
from splitflap_api.contract.problems import invalid
from splitflap_api.domain.changes import Changes, NewTask, is_fresh
from splitflap_api.domain.preview_urls import PreviewUrls
from splitflap_api.store.schema import previews


@dataclass(frozen=True)
class FetchPreview:
    """Fetch a preview, or join its present fetch. Without `refresh` a fresh one is the result."""

    url: str
    refresh: bool = True
    low: bool = False
    key_id: str | None = None
    own_transaction = False
    only_inserts = False

    @property
    def size(self) -> int:
        return len(self.url)

    def apply(self, tx: Connection, changes: Changes, task: NewTask) -> None:
        task.subject, task.low = self.url, self.low
        if not self.refresh and _fresh(tx, self.url, changes.now):
            changes.ending.append(task.id)
            return
        changes.request_preview(task, self.url)


@dataclass(frozen=True)
class RenderText:
    """Render a text without a post."""

    text: str
    flavour: Flavour = "markdown"
    breaks: bool = False
    low: bool = False
    key_id: str | None = None
    own_transaction = False
    only_inserts = True

    @property
    def size(self) -> int:
        return len(self.text)

    def apply(self, _tx: Connection, changes: Changes, task: NewTask) -> None:
        task.low = self.low
        request = RenderRequest(self.text, self.flavour, self.breaks)
        changes.render_job(task, request, None)


def fresh_preview(tx: Connection, url: str, now: int, urls: PreviewUrls) -> models.Preview | None:
    """The known preview of a URL, if it can be shown without a fetch."""
    row = _fresh(tx, url, now)
    return shape_preview(url, row, urls) if row else None


def _fresh(tx: Connection, url: str, now: int) -> Any:
    row = tx.execute(select(previews).where(previews.c.url == url)).mappings().first()
    return row if row and is_fresh(row, now) else None


def preview_key(url: str) -> str:
    """The canonical form of a client's URL: all spellings share one preview.

    Raises:
        Problem: it is no absolute http or https URL within the length limit.
    """
    try:
        key = canonical(url)
    except BadUrl as error:
        raise invalid("url", str(error)) from error
    if len(key.encode()) > MAX_URL:
        raise invalid("url", f"expected at most {MAX_URL} bytes of UTF-8")
    return key


def shape_preview(url: str, row: Any, urls: PreviewUrls) -> models.Preview:
    """A preview's row as the API shows it."""
    fields = {name: row[name] for name in PREVIEW_FIELDS}
    fields |= {name: urls.of(name, fields[name]) for name in URL_FIELDS}
    for name, about in FIELDS_ABOUT.items():
        if fields[name] is None:
            fields |= dict.fromkeys(about)
    return models.Preview(
        url=url,
        state=row["state"] or "pending",
        reason=row["reason"],
        **fields,
        fetched_at=maybe_rfc3339(row["fetched_at"]),
        expires_at=maybe_rfc3339(row["expires_at"] if row["fetched_at"] else None),
    )
