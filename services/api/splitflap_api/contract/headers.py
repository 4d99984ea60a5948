"""Headers and answers that several operations have in common."""

from splitflap_api.contract import models
from splitflap_api.contract.operations import Parameter, ResponseSpec

_STRING = {"type": "string"}

LOCATION = Parameter("Location", "Where the task, or what came of it, is.", _STRING)
RETRY_AFTER = Parameter(
    "Retry-After", "Seconds to leave before the next try.", {"type": "integer", "minimum": 1}
)
ETAG = Parameter("ETag", "Changes with whatever is shown.", _STRING)
IDEMPOTENCY_KEY = Parameter(
    "Idempotency-Key",
    "Makes a repeated request the same task; with another body it is refused.",
    {"type": "string", "pattern": "^[!-~]{1,255}$"},
)
PREFER = Parameter(
    "Prefer",
    "`wait=N`: the final response, if it comes within N seconds (30 at most); else 202.",
    {"type": "string", "examples": ["wait=10"]},
)
IF_MATCH = Parameter(
    "If-Match",
    "The ETag of the post as it was read: an edit of another revision is refused.",
    {"type": "string", "pattern": '^("[1-9][0-9]{0,8}-[0-9a-f]{8}"|\\*)$'},
)
IF_NONE_MATCH = Parameter("If-None-Match", "An ETag: 304 when it is still the same.", _STRING)
LAST_EVENT_ID = Parameter(
    "Last-Event-ID",
    "Go on after this event, without gap or repeat.",
    {"type": "string", "pattern": "^[0-9]{1,18}$"},
)

ACCEPTED = ResponseSpec(
    "Accepted for good: the task's place, and how it stands.",
    models.RunningTask,
    headers=(LOCATION, RETRY_AFTER),
)
NO_CONTENT = ResponseSpec("Done.")

#: What every operation with a body may refuse.
BODY_PROBLEMS = (
    "bad-json",
    "request-timeout",
    "too-large",
    "unsupported-media-type",
    "invalid",
    "bad-request",
)
