"""The way over the broker: one connection, one owner thread, the same on every back end."""

from splitflap_core.broker.backends import Backend, backend_for
from splitflap_core.broker.link import Delivery, Link
from splitflap_core.broker.session import Depth, Outgoing, Subscription

__all__ = ["Backend", "Delivery", "Depth", "Link", "Outgoing", "Subscription", "backend_for"]
