"""One try of a webhook: from its message to its outcome."""

import logging
import re
import time

from splitflap_core.contracts import WebhookOutcome, WebhookRequest
from splitflap_core.urls.web_url import BadUrl, web_url

from splitflap_scraper.fetch.errors import FetchError, Transient
from splitflap_scraper.fetch.post import Poster

logger = logging.getLogger(__name__)

#: Longest Retry-After in seconds that an outcome says. The API has a limit of its own.
MAX_AFTER = 86_400.0

#: The outcome's reason for an error of the scraper itself.
BROKEN = "broken"

_REASON = re.compile(r"[a-z][a-z0-9_]{0,49}")


class WebhookHandler:
    """Sends tries. It depends on neither the broker nor green threads."""

    def __init__(self, poster: Poster) -> None:
        self._poster = poster

    def __call__(self, request: WebhookRequest) -> WebhookOutcome:
        """Send one try. Errors of a receiver become outcomes."""
        began = time.monotonic()
        fields = {
            "webhook-id": request.id,
            "webhook-timestamp": str(request.timestamp),
            "webhook-signature": request.signatures,
        }
        try:
            answer = self._poster.post(request.url, fields, request.body.encode())
        except FetchError as error:
            logger.info("webhook %s: not delivered to %s: %s", request.id, origin(request), error)
            after = error.after if isinstance(error, Transient) else None
            return _outcome(request, began, reason=error.reason, after=after)
        return _outcome(request, began, status=answer.status, after=answer.after)


def broken(request: WebhookRequest, began: float) -> WebhookOutcome:
    """The outcome of a try that has met a bug."""
    return _outcome(request, began, reason=BROKEN)


def _outcome(
    request: WebhookRequest,
    began: float,
    status: int | None = None,
    reason: str | None = None,
    after: float | None = None,
) -> WebhookOutcome:
    return WebhookOutcome(
        request.id,
        request.attempt,
        took=time.monotonic() - began,
        status=status,
        reason=reason if reason is None or _REASON.fullmatch(reason) else BROKEN,
        after=None if after is None else min(max(after, 0.0), MAX_AFTER),
    )


def origin(request: WebhookRequest) -> str:
    """The part of the URL for the log. The rest may be secret."""
    try:
        return web_url(request.url).origin
    except BadUrl:
        return "a bad URL"
