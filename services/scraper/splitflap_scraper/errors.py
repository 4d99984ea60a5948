"""Why there is no preview.

FetchError
 +-- Transient      another try may succeed
"""

#: Seconds for which a failure stays known before the URL may be tried anew, by reason. The words
#: are part of the API: the preview's `reason`. The README says what each of them means.
KEEP = {
    "bad_url": 7 * 86_400.0,
    "forbidden_port": 7 * 86_400.0,
    "forbidden_address": 3_600.0,
    "dns": 600.0,
    "connect": 600.0,
    "tls": 3_600.0,
    "timeout": 600.0,
    "too_many_redirects": 3_600.0,
    "bad_redirect": 3_600.0,
    "status": 3_600.0,
    "not_html": 86_400.0,
    "wall": 86_400.0,
    "too_large": 86_400.0,
    "bad_response": 3_600.0,
    "broken": 3_600.0,
}


class FetchError(Exception):
    """A fetch that ended without a page.

    `reason` is one of KEEP's words; `keep` is how long (seconds) the failure stays known.
    """

    def __init__(self, reason: str, detail: str = "", keep: float | None = None) -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail
        self.keep = KEEP[reason] if keep is None else keep


class Transient(FetchError):
    """The same fetch may succeed later: `after` (seconds) is what the server asked for."""

    def __init__(self, reason: str, detail: str = "", after: float | None = None) -> None:
        super().__init__(reason, detail)
        self.after = after
