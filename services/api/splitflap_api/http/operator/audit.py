"""HTTP of the audit, and how views write to it."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from splitflap_api.contract import models, status_models
from splitflap_api.contract.operations import Operation, ResponseSpec
from splitflap_api.domain.access.keys import Caller
from splitflap_api.domain.operator import audit
from splitflap_api.http.auth import caller
from splitflap_api.http.pages import page_of
from splitflap_api.http.parse import id_of
from splitflap_api.http.responses import JsonResponse
from splitflap_api.http.services import Services
from splitflap_api.store.engine import Store, is_outage

logger = logging.getLogger(__name__)


class Auditor:
    """Notes the changes of the present caller: a row and a log line each."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @contextmanager
    def change(self, action: str, by: Caller | None = None) -> Iterator[audit.Note]:
        """Makes a change with its row in one transaction. The log line follows its commit.

        `by` is the caller of the present request, unless given.
        """
        deeds: list[audit.Deed] = []

        def note(tx: Connection, detail: str) -> None:
            deeds.append(_deed(by or caller(), action, detail))
            audit.write(tx, deeds[-1], self._store.now(tx))

        yield note
        for deed in deeds:
            _log(deed)

    def note_done(self, action: str, detail: str) -> None:
        """Note a change of several transactions afterwards. An outage leaves the log line alone."""
        deed = _deed(caller(), action, detail)
        _log(deed)
        try:
            with self._store.write() as tx:
                audit.write(tx, deed, self._store.now(tx))
        except Exception as error:
            if not is_outage(error):
                raise
            logger.warning("audit: the row of %s was not written (%r)", action, error)


def _deed(by: Caller, action: str, detail: str) -> audit.Deed:
    return audit.Deed(by.account, by.key_id, by.session_id, action, detail)


def _log(deed: audit.Deed) -> None:
    extra = {"key_id": deed.key_id, "session_id": deed.session_id}
    logger.info("audit: %s by %s: %s", deed.action, deed.account, deed.detail, extra=extra)


class AuditViews:
    """The view of the operation below."""

    def __init__(self, services: Services) -> None:
        self._store = services.store

    def page(self, query: models.PageQuery) -> JsonResponse:
        after = None if query.after is None else id_of(query.after)
        with self._store.read() as tx:
            return page_of(audit.page(tx, after, query.limit + 1), query.limit)


def operations(services: Services) -> list[Operation]:
    """The operation with the scope `observe`."""
    return [
        Operation(
            "GET",
            "/audit",
            "list_audit",
            "Changes by operators, newest first: keys, sessions, dead letters",
            AuditViews(services).page,
            {200: ResponseSpec("A page of changes.", status_models.Audit)},
            scope="observe",
            query=models.PageQuery,
            problems=("bad-request",),
            doc="A change is kept for 90 days. It is also a line of the log.",
        )
    ]
