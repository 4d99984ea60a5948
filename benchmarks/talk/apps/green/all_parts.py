"""The application with all routes of the experiment."""

from benchmarks.talk.app import app
from benchmarks.talk.apps.asynchronous import views

from . import drivers, early_lock, yielding

__all__ = ["app", "drivers", "early_lock", "views", "yielding"]
