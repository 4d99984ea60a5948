"""Client of Splitflap: post, wait, follow events, verify webhooks."""

from splitflap_client.client import Client
from splitflap_client.errors import (
    BadWebhook,
    NoSplitflap,
    Problem,
    SplitflapError,
    StillRunning,
    Unreachable,
)
from splitflap_client.models import (
    Batch,
    BatchResult,
    CreatedWebhook,
    Delivery,
    Post,
    PostInput,
    Preview,
    Render,
    Webhook,
)
from splitflap_client.streams import EventStream, Gap, PostEvent
from splitflap_client.tasks import Task
from splitflap_client.transport import Retries
from splitflap_client.verification import WebhookMessage, verify_webhook

__all__ = [
    "BadWebhook",
    "Batch",
    "BatchResult",
    "Client",
    "CreatedWebhook",
    "Delivery",
    "EventStream",
    "Gap",
    "NoSplitflap",
    "Post",
    "PostEvent",
    "PostInput",
    "Preview",
    "Problem",
    "Render",
    "Retries",
    "SplitflapError",
    "StillRunning",
    "Task",
    "Unreachable",
    "Webhook",
    "WebhookMessage",
    "verify_webhook",
]
