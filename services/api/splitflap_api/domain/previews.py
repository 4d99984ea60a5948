"""Previews asked for by themselves."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from splitflap_core.contracts import MAX_URL, Flavour, RenderRequest
from sqlalchemy import Connection, select

from splitflap_api.contract.models import Preview
from splitflap_api.contract.problems import invalid
from splitflap_api.domain.changes import Changes, PreviewRequest, Row, is_fresh
from splitflap_api.domain.posts import shape_preview
from splitflap_api.store.schema import previews


@dataclass(frozen=True)
class FetchPreview:
    """A preview to be fetched, as a plan; one that is under way is joined."""

    url: str
    own_transaction = False
    only_inserts = False

    def apply(self, _tx: Connection, changes: Changes, task: Row) -> None:
        task["subject"] = self.url
        changes.preview_requests.append(
            PreviewRequest(task["id"], self.url, refresh=True, traceparent=task["traceparent"])
        )


@dataclass(frozen=True)
class RenderText:
    """A text to be rendered by itself, as a plan."""

    text: str
    flavour: Flavour = "markdown"
    own_transaction = False
    only_inserts = True

    def apply(self, _tx: Connection, changes: Changes, task: Row) -> None:
        request = RenderRequest(self.text, self.flavour)
        changes.render_job(task["id"], request, task["traceparent"], None)


def fresh_preview(tx: Connection, url: str, now: int) -> Preview | None:
    """What is known of a URL, if it can be used as it is."""
    row = tx.execute(select(previews).where(previews.c.url == url)).mappings().first()
    return shape_preview(url, row) if row and is_fresh(row, now) else None


def check_url(url: str) -> None:
    """Raises Problem unless it is an absolute http or https URL that a preview can be made of."""
    if len(url.encode()) > MAX_URL:
        raise invalid("url", f"expected at most {MAX_URL} bytes of UTF-8")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise invalid("url", f"not a URL: {error}") from error
    if parts.scheme.lower() not in {"http", "https"}:
        raise invalid("url", "expected a URL whose scheme is http or https")
    if not host or any(each.isspace() or ord(each) < 0x20 or each == "\x7f" for each in url):  # noqa: PLR2004
        raise invalid("url", "expected a URL with a host, without spaces or control characters")
