"""Headers and responses shared by several operations."""

from splitflap_api.contract import models
from splitflap_api.contract.operations import Parameter, ResponseSpec
from splitflap_api.contract.patterns import ENTITY_TAGS, EVENT_ID

_STRING = {"type": "string"}

LOCATION = Parameter("Location", "Path of the task, or of its result.", _STRING)
RETRY_AFTER = Parameter(
    "Retry-After", "Seconds to wait before the next try.", {"type": "integer", "minimum": 1}
)
ETAG = Parameter("ETag", "Changes whenever the representation changes.", _STRING)
IDEMPOTENCY_KEY = Parameter(
    "Idempotency-Key",
    "A repeated request gets the same task. The same key with another body is refused.",
    {"type": "string", "pattern": "^[!-~]{1,255}$"},
)
PREFER = Parameter(
    "Prefer",
    "`wait=N` waits up to N seconds (30 at most) for the final response; after that, 202.",
    {"type": "string", "examples": ["wait=10"]},
)
IF_MATCH = Parameter(
    "If-Match",
    "The ETag of the post as the client read it. An edit of another revision is refused.",
    _STRING | ENTITY_TAGS.schema,
)
IF_NONE_MATCH = Parameter(
    "If-None-Match", "An ETag. The response is 304 while it still matches.", _STRING
)
LAST_EVENT_ID = Parameter(
    "Last-Event-ID",
    "Resume after this event, with every later event exactly once.",
    _STRING | EVENT_ID.schema,
)

ACCEPTED = ResponseSpec(
    "Accepted and stored. `Location` is the path of the task; the body is its state.",
    models.RunningTask,
    headers=(LOCATION, RETRY_AFTER),
)
NO_CONTENT = ResponseSpec("Done.")

#: Problems of every operation with a body.
BODY_PROBLEMS = (
    "bad-json",
    "request-timeout",
    "too-large",
    "unsupported-media-type",
    "invalid",
    "bad-request",
)
