"""The broker: messages with confirms, over one connection in one thread, on either back end."""

from splitflap_core.broker.backends import BrokerBackend, backend_for
from splitflap_core.broker.delivery import Delivery
from splitflap_core.broker.link import BrokerLink
from splitflap_core.broker.messages import Depth, OutgoingMessage, Subscription

__all__ = [
    "BrokerBackend",
    "BrokerLink",
    "Delivery",
    "Depth",
    "OutgoingMessage",
    "Subscription",
    "backend_for",
]
