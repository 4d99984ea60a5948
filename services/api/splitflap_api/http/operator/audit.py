"""HTTP of the audit, and how views write to it."""

import logging

from splitflap_api.contract import models, status_models
from splitflap_api.contract.operations import Operation, ResponseSpec
from splitflap_api.domain.operator import audit
from splitflap_api.http.auth import caller
from splitflap_api.http.pages import page_of
from splitflap_api.http.parse import id_of
from splitflap_api.http.responses import JsonResponse
from splitflap_api.http.services import Services
from splitflap_api.store.engine import Store

logger = logging.getLogger(__name__)


class Auditor:
    """Notes the changes of the present caller: a log line and a row each."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def note(self, action: str, detail: str) -> None:
        """Note a change that was made. The log line is there even if the row cannot be written."""
        by = caller()
        session_id = getattr(by, "session_id", None)
        deed = audit.Deed(by.account, by.key_id, session_id, action, detail)
        logger.info(
            "audit: %s by %s: %s",
            action,
            by.account,
            detail,
            extra={"key": by.key_id, "session": session_id},
        )
        with self._store.write() as tx:
            audit.write(tx, deed, self._store.now(tx))


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
