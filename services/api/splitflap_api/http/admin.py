"""HTTP for admins: keys, dead letters, status."""

from flask import Response

from asyncrequest import Preconditions
from splitflap_api.contract import headers as doc
from splitflap_api.contract import models, status_models
from splitflap_api.contract.formats import is_id
from splitflap_api.contract.operations import Operation, ResponseSpec
from splitflap_api.contract.problems import invalid
from splitflap_api.domain.jobs import dead_letters
from splitflap_api.domain.status import read_status
from splitflap_api.domain.waiting_accounts import read_waiting_accounts
from splitflap_api.http.pages import page_of
from splitflap_api.http.parse import cursor_of, id_of
from splitflap_api.http.responses import JsonResponse, json_of, no_content
from splitflap_api.http.services import Services


class AdminViews:
    """The views of the operations below."""

    def __init__(self, services: Services) -> None:
        self._store = services.store
        self._keyring = services.keyring
        self._replayer = services.replayer
        self._batches = services.dead_letters

    def keys(self, query: models.PageQuery) -> JsonResponse:
        after = None if query.after is None else id_of(query.after)
        return page_of(self._keyring.page(after, query.limit + 1), query.limit)

    def create_key(self, body: models.KeyInput) -> JsonResponse:
        return json_of(self._keyring.create(body), 201)

    def revoke_key(self, key_id: str, query: models.RevokeQuery) -> Response:
        self._keyring.revoke(key_id, Preconditions.read(), force=query.force)
        return no_content()

    def dead_letters(self, query: models.DeadLetterQuery) -> JsonResponse:
        after = None if query.after is None else id_of(query.after)
        with self._store.read() as tx:
            page = dead_letters.page(tx, query, after, self._store.now(tx))
        following = None if page.examined is None else cursor_of(page.examined)
        return json_of(models.DeadLetterList(page.letters, following))

    def replay_letters(self, body: models.DeadLetterIds) -> JsonResponse:
        return json_of(self._batches.replay(_known(body.ids)))

    def drop_letters(self, body: models.DeadLetterIds) -> JsonResponse:
        return json_of(self._batches.drop(_known(body.ids)))

    def dead_letter(self, letter_id: str) -> JsonResponse:
        with self._store.read() as tx:
            return json_of(dead_letters.show(tx, letter_id))

    def replay(self, letter_id: str) -> Response:
        self._replayer.replay(letter_id, Preconditions.read())
        return no_content()

    def status(self) -> JsonResponse:
        with self._store.read() as tx:
            return json_of(read_status(tx, self._store.now(tx)))

    def waiting_accounts(self) -> JsonResponse:
        with self._store.read() as tx:
            return json_of(read_waiting_accounts(tx, self._store.now(tx)))


def _known(ids: list[str]) -> list[str]:
    """The ids, each once.

    Raises:
        Problem: invalid, if one is no UUID.
    """
    for position, letter_id in enumerate(ids):
        if not is_id(letter_id):
            raise invalid(f"ids[{position}]", "expected the id of a dead letter")
    return list(dict.fromkeys(ids))


def operations(services: Services) -> list[Operation]:
    """Operations with the scope `admin`."""
    views = AdminViews(services)
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
        Operation(
            "GET",
            "/dead",
            "list_dead_letters",
            "Jobs that ended without a result, and unreadable messages, newest first",
            views.dead_letters,
            {
                200: ResponseSpec(
                    "A page of dead letters, without their bodies.", models.DeadLetterList
                )
            },
            scope="admin",
            query=models.DeadLetterQuery,
            doc="A dead letter matches if it matches all given filters.",
        ),
        Operation(
            "POST",
            "/dead:replay",
            "replay_dead_letters",
            "Replay up to 100 dead letters",
            views.replay_letters,
            {200: ResponseSpec("What was done, refused and left.", models.DeadLettersDone)},
            scope="admin",
            body=models.DeadLetterIds,
            problems=doc.BODY_PROBLEMS,
            doc="A repetition replays none of them twice. Send what is `left` again.",
        ),
        Operation(
            "POST",
            "/dead:drop",
            "drop_dead_letters",
            "Delete up to 100 dead letters for good",
            views.drop_letters,
            {200: ResponseSpec("What was done.", models.DeadLettersDone)},
            scope="admin",
            body=models.DeadLetterIds,
            problems=doc.BODY_PROBLEMS,
            doc="Posts and final responses stay as they are. `refused` names ids without a letter.",
        ),
        Operation(
            "GET",
            "/dead/{letter_id}",
            "show_dead_letter",
            "A dead letter with its body",
            views.dead_letter,
            {200: ResponseSpec("The dead letter.", models.DeadLetter)},
            scope="admin",
            problems=("not-found",),
        ),
        Operation(
            "POST",
            "/dead/{letter_id}/replay",
            "replay_dead_letter",
            "Replay a dead letter: return a job to its worker, or a message to its queue",
            views.replay,
            {204: doc.NO_CONTENT},
            scope="admin",
            checks_preconditions=True,
            problems=("not-found", "conflict", "unavailable"),
        ),
        Operation(
            "GET",
            "/status",
            "show_status",
            "Numbers and ages of jobs, running tasks, dead letters",
            views.status,
            {200: ResponseSpec("Counts of jobs, tasks and dead letters.", status_models.Status)},
            scope="admin",
        ),
        Operation(
            "GET",
            "/status/accounts",
            "list_waiting_accounts",
            "The ten accounts whose jobs have waited longest for their turn, and why",
            views.waiting_accounts,
            {200: ResponseSpec("The accounts, oldest wait first.", status_models.WaitingAccounts)},
            scope="admin",
        ),
    ]
