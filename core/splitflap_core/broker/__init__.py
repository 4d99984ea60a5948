"""The way over the broker: one connection, one owner thread, the same on every back end."""

from splitflap_core.broker.backends import BrokerBackend, backend_for
from splitflap_core.broker.link import BrokerLink, Delivery
from splitflap_core.broker.session import Depth, OutgoingMessage, Subscription

__all__ = [
    "BrokerBackend",
    "BrokerLink",
    "Delivery",
    "Depth",
    "OutgoingMessage",
    "Subscription",
    "backend_for",
]
