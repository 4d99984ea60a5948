"""HTTP of keys, for admins."""

from flask import Response

from asyncrequest import Preconditions
from splitflap_api.contract import headers as doc
from splitflap_api.contract import models
from splitflap_api.contract.operations import Operation, ResponseSpec
from splitflap_api.contract.problems import invalid
from splitflap_api.http.operator.audit import Auditor
from splitflap_api.http.pages import page_of
from splitflap_api.http.parse import id_of
from splitflap_api.http.responses import JsonResponse, json_of, no_content
from splitflap_api.http.services import Services


class KeyViews:
    """The views of the operations below."""

    def __init__(self, services: Services) -> None:
        self._keyring = services.keyring
        self._audit = Auditor(services.store)

    def keys(self, query: models.PageQuery) -> JsonResponse:
        after = None if query.after is None else id_of(query.after)
        return page_of(self._keyring.page(after, query.limit + 1), query.limit)

    def create_key(self, body: models.KeyInput) -> JsonResponse:
        if body.channels is not None and (wide := {"observe", "admin"} & {*body.scopes}):
            raise invalid("channels", f"expected null: {min(wide)} is a right to all channels")
        with self._audit.change("key.created") as note:
            return json_of(self._keyring.create(body, note), 201)

    def revoke_key(self, key_id: str, query: models.RevokeQuery) -> Response:
        with self._audit.change("key.revoked") as note:
            self._keyring.revoke(key_id, Preconditions.read(), force=query.force, note=note)
        return no_content()


def operations(services: Services) -> list[Operation]:
    """Operations with the scope `admin`."""
    views = KeyViews(services)
    return [
        Operation(
            "GET",
            "/keys",
            "list_keys",
            "Keys without their secrets, newest first",
            views.keys,
            {200: ResponseSpec("A page of keys.", models.KeyList)},
            scope="admin",
            query=models.PageQuery,
            problems=("bad-request",),
        ),
        Operation(
            "POST",
            "/keys",
            "create_key",
            "Create a key for an account; the secret is shown only in this response",
            views.create_key,
            {201: ResponseSpec("The key.", models.CreatedKey)},
            scope="admin",
            body=models.KeyInput,
            problems=doc.BODY_PROBLEMS,
        ),
        Operation(
            "DELETE",
            "/keys/{key_id}",
            "revoke_key",
            "Revoke a key; other replicas may accept it for five more seconds",
            views.revoke_key,
            {204: doc.NO_CONTENT},
            scope="admin",
            query=models.RevokeQuery,
            checks_preconditions=True,
            problems=("not-found", "conflict"),
            doc="The last key with the scope `admin` gets 409 unless `force` is true.",
        ),
    ]
