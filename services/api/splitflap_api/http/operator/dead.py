"""HTTP of dead letters: found, counted, replayed and dropped."""

from flask import Response

from asyncrequest import Preconditions
from splitflap_api.contract import headers as doc
from splitflap_api.contract import status_models
from splitflap_api.contract.dead_letter_models import (
    DeadLetter,
    DeadLetterFilter,
    DeadLetterIds,
    DeadLetterList,
    DeadLetterQuery,
    DeadLettersDone,
)
from splitflap_api.contract.formats import is_id
from splitflap_api.contract.operations import Operation, ResponseSpec
from splitflap_api.contract.problems import invalid
from splitflap_api.domain.jobs import dead_letters
from splitflap_api.http.operator.audit import Auditor
from splitflap_api.http.parse import cursor_of, id_of
from splitflap_api.http.responses import JsonResponse, json_of, no_content
from splitflap_api.http.services import Services


class DeadLetterViews:
    """The views of the operations below."""

    def __init__(self, services: Services) -> None:
        self._store = services.store
        self._replayer = services.replayer
        self._batches = services.dead_letters
        self._audit = Auditor(services.store)

    def page(self, query: DeadLetterQuery) -> JsonResponse:
        after = None if query.after is None else id_of(query.after)
        with self._store.read() as tx:
            page = dead_letters.page(tx, query, after, self._store.now(tx))
        following = None if page.examined is None else cursor_of(page.examined)
        return json_of(DeadLetterList(page.letters, following))

    def count(self, query: DeadLetterFilter) -> JsonResponse:
        with self._store.read() as tx:
            found = dead_letters.count_matching(
                tx, query, self._store.now(tx), sqlite=self._store.is_sqlite
            )
        return json_of(status_models.DeadLetterCount(*found))

    def replay_letters(self, body: DeadLetterIds) -> JsonResponse:
        done = self._batches.replay(_known(body.ids))
        if done.done:
            self._audit.note_done("dead.replayed", _in_words(body, done))
        return json_of(done)

    def drop_letters(self, body: DeadLetterIds) -> JsonResponse:
        ids = _known(body.ids)
        with self._audit.change("dead.dropped") as note:
            return json_of(
                self._batches.drop(ids, lambda tx, done: note(tx, _in_words(body, done)))
            )

    def show(self, letter_id: str) -> JsonResponse:
        with self._store.read() as tx:
            return json_of(dead_letters.show(tx, letter_id))

    def replay(self, letter_id: str) -> Response:
        with self._audit.change("dead.replayed") as note:
            self._replayer.replay(letter_id, Preconditions.read(), note)
        return no_content()


def _known(ids: list[str]) -> list[str]:
    """The ids, each once.

    Raises:
        Problem: invalid, if one is no UUID.
    """
    for position, letter_id in enumerate(ids):
        if not is_id(letter_id):
            raise invalid(f"ids[{position}]", "expected the id of a dead letter")
    return list(dict.fromkeys(ids))


def _in_words(body: DeadLetterIds, done: DeadLettersDone) -> str:
    """The numbers, and the filter or the ids."""
    numbers = f"{done.done}, refused {len(done.refused)}, left {len(done.left)}"
    return f"{numbers}: {body.filter or ' '.join(_known(body.ids))}"


def operations(services: Services) -> list[Operation]:
    """Operations that read need the scope `observe`, the others `admin`."""
    views = DeadLetterViews(services)
    return [
        Operation(
            "GET",
            "/dead",
            "list_dead_letters",
            "Jobs that ended without a result, and unreadable messages, newest first",
            views.page,
            {
                200: ResponseSpec(
                    "A page of dead letters, without their bodies.",
                    DeadLetterList,
                )
            },
            scope="observe",
            query=DeadLetterQuery,
            doc="A dead letter matches if it matches all given filters.",
        ),
        Operation(
            "GET",
            "/dead/count",
            "count_dead_letters",
            "The number of dead letters that match",
            views.count,
            {200: ResponseSpec("The number.", status_models.DeadLetterCount)},
            scope="observe",
            query=DeadLetterFilter,
        ),
        Operation(
            "POST",
            "/dead:replay",
            "replay_dead_letters",
            "Replay up to 100 dead letters",
            views.replay_letters,
            {200: ResponseSpec("What was done, refused and left.", DeadLettersDone)},
            scope="admin",
            body=DeadLetterIds,
            problems=doc.BODY_PROBLEMS,
            doc="A repetition replays none of them twice. Send what is `left` again.",
        ),
        Operation(
            "POST",
            "/dead:drop",
            "drop_dead_letters",
            "Delete up to 100 dead letters for good",
            views.drop_letters,
            {200: ResponseSpec("What was done.", DeadLettersDone)},
            scope="admin",
            body=DeadLetterIds,
            problems=doc.BODY_PROBLEMS,
            doc="Posts and final responses stay as they are. `refused` names ids without a letter.",
        ),
        Operation(
            "GET",
            "/dead/{letter_id}",
            "show_dead_letter",
            "A dead letter with its body",
            views.show,
            {200: ResponseSpec("The dead letter.", DeadLetter)},
            scope="observe",
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
    ]
