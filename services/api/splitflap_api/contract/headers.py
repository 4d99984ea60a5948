"""Headers and responses shared by several operations."""

from typing import Any

from splitflap_api.contract import models
from splitflap_api.contract.operations import Parameter, ResponseSpec
from splitflap_api.contract.patterns import ACCOUNT as ACCOUNT_FORM
from splitflap_api.contract.patterns import ENTITY_TAGS, EVENT_ID
from splitflap_api.contract.patterns import IDEMPOTENCY_KEY as IDEMPOTENCY_KEY_FORM

_STRING: dict[str, Any] = {"type": "string"}

LOCATION = Parameter(
    "Location",
    "Path of the task (202), or of the post (201).",
    _STRING
    | {"format": "uri-reference", "examples": ["/v1/tasks/0192f0c8-0000-7000-8000-000000000001"]},
    always=True,
)
RETRY_AFTER = Parameter(
    "Retry-After",
    "Seconds to wait before the next try.",
    {"type": "integer", "minimum": 1},
    always=True,
)
ETAG = Parameter(
    "ETag",
    "Changes with each byte of the response: with the text, HTML, state or a preview of a post.",
    _STRING | {"examples": ['"3-1a2b3c4d"']},
)
PREFERENCE_APPLIED = Parameter(
    "Preference-Applied",
    "The applied `Prefer`: `wait=N`. Absent without a wait.",
    _STRING | {"examples": ["wait=10"]},
)
WWW_AUTHENTICATE = Parameter(
    "WWW-Authenticate",
    "The challenge of RFC 6750.",
    _STRING | {"examples": ['Bearer realm="splitflap"']},
)
SET_COOKIE = Parameter(
    "Set-Cookie",
    "The cookie of the session, or its end. No script can read it.",
    _STRING,
    always=True,
)
ACCEPT = Parameter("Accept", "The supported media type of a body.", _STRING)
ACCEPT_ENCODING = Parameter("Accept-Encoding", "The supported encoding of a body.", _STRING)
RATE_LIMIT = Parameter(
    "RateLimit",
    '`"key"`: `r` requests are left at once; in `t` seconds the whole quota is back. Absent while '
    'SPLITFLAP_RATE_LIMIT is 0. `"backlog"`: `r`: how many seconds '
    "longer the account's work may wait before new work is refused; try again after `t` seconds. "
    "Absent unless much of it waits.",
    _STRING | {"examples": ['"key";r=19;t=1', '"backlog";r=0;t=12']},
)
RATE_LIMIT_POLICY = Parameter(
    "RateLimit-Policy",
    '`"key"`: the quota `q` of requests in a window of `w` seconds, counted by each API process '
    'alone. `"backlog"`: the seconds `q` that most of an account\'s work may wait.',
    _STRING | {"examples": ['"key";q=20;w=2', '"backlog";q=30;qu="seconds"']},
)
#: Headers of every response, whatever the operation.
OF_EVERY_RESPONSE = (RATE_LIMIT, RATE_LIMIT_POLICY)
#: All headers of responses.
OF_RESPONSES = (
    LOCATION,
    RETRY_AFTER,
    ETAG,
    PREFERENCE_APPLIED,
    WWW_AUTHENTICATE,
    SET_COOKIE,
    ACCEPT,
    ACCEPT_ENCODING,
    *OF_EVERY_RESPONSE,
)

IDEMPOTENCY_KEY = Parameter(
    "Idempotency-Key",
    "A repeated request gets the same task, and 410 once that task is gone. The same key with "
    "another request is refused. A string in quotes (RFC 9651); its quotes may be missing.",
    _STRING | IDEMPOTENCY_KEY_FORM.schema,
)
ACCOUNT = Parameter(
    "Splitflap-Account",
    "The account to act for, with the scope `act`. It need not have a key. The request is then "
    "this account's: its posts, its tasks, its idempotency keys and its limits.",
    _STRING | ACCOUNT_FORM.schema,
)
PREFER = Parameter(
    "Prefer",
    "`wait=N` waits up to N seconds for the final response; after that, 202. A longer wait than "
    "30 seconds counts as 30.",
    _STRING | {"examples": ["wait=10"]},
)
PRIORITY = Parameter(
    "Priority",
    "`u=4` to `u=7` (RFC 9218): the work yields to work without this header, and is never starved "
    "by it. Smaller values, malformed ones and other parameters count as the default, `u=3`.",
    _STRING | {"examples": ["u=5"]},
)
WEBHOOK = Parameter(
    "Splitflap-Webhook",
    "The id of a webhook of the key: it is told of the end of this request's task, beside the "
    "webhooks that are always told. A repetition with the same `Idempotency-Key` changes nothing.",
    _STRING | {"format": "uuid"},
)
IF_MATCH = Parameter(
    "If-Match",
    "ETags, compared strongly. Unless one of them is the present ETag, the response is 412 and "
    "nothing changes. `*` stands for any.",
    _STRING | ENTITY_TAGS.schema,
)
IF_NONE_MATCH = Parameter(
    "If-None-Match",
    "ETags, compared weakly. If one of them is the present ETag, a read gets 304, a change 412. "
    "`*` stands for any.",
    _STRING | ENTITY_TAGS.schema,
)
#: Headers of operations on a resource with an ETag.
PRECONDITIONS = (IF_MATCH, IF_NONE_MATCH)
LAST_EVENT_ID = Parameter(
    "Last-Event-ID",
    "Resume after this event, with every later event exactly once.",
    _STRING | EVENT_ID.schema,
)

#: Headers of operations that make a task.
MAKING_WORK = (IDEMPOTENCY_KEY, PREFER, PRIORITY, WEBHOOK)

PAGE = Parameter(
    "Splitflap-Page",
    "`1`. No form can send this header, and no page of another origin may.",
    _STRING | {"enum": ["1"]},
    always=True,
)

ACCEPTED = ResponseSpec(
    "Accepted and stored. `Location` is the path of the task; the body is its state.",
    models.RunningTask,
    headers=(LOCATION, RETRY_AFTER),
)
NO_CONTENT = ResponseSpec("Done.")
NOT_MODIFIED = ResponseSpec("The client's representation is current.", headers=(ETAG,))

#: Problems of every operation with a body.
BODY_PROBLEMS = (
    "bad-json",
    "request-timeout",
    "too-large",
    "unsupported-media-type",
    "invalid",
)
#: Problems of every operation with an idempotency key.
IDEMPOTENCY_PROBLEMS = ("key-reused", "gone")
