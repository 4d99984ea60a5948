"""HTTP of previews and renders outside of posts, and of all tasks."""

from asyncrequest import Later, idempotency_key
from splitflap_api.contract import headers as doc
from splitflap_api.contract import models
from splitflap_api.contract.operations import Operation, ResponseSpec
from splitflap_api.domain.final_responses import fetched_preview, rendered_text
from splitflap_api.domain.previews import FetchPreview, RenderText, fresh_preview, preview_key
from splitflap_api.http.auth import caller
from splitflap_api.http.parse import check_text, is_low
from splitflap_api.http.responses import JsonResponse, json_of
from splitflap_api.http.services import Services


class PreviewViews:
    """The views of the operations below. AsyncRequests supplies those of tasks."""

    def __init__(self, services: Services) -> None:
        self._store = services.store
        self._urls = services.urls
        self._default_flavour = services.settings.default_flavour
        self._default_breaks = services.settings.breaks

    def preview(self, body: models.PreviewInput) -> JsonResponse | Later[FetchPreview]:
        url = preview_key(body.url)
        # A key makes a task, which tells its repetitions from other requests.
        if not body.refresh and idempotency_key() is None:
            with self._store.read() as tx:
                known = fresh_preview(tx, url, self._store.now(tx), self._urls)
            if known:
                return json_of(known)
        return Later(FetchPreview(url, refresh=body.refresh, low=is_low(), key_id=caller().key_id))

    def render(self, body: models.RenderInput) -> Later[RenderText]:
        check_text(body.text)
        breaks = self._default_breaks if body.breaks is None else body.breaks
        flavour = body.flavour or self._default_flavour
        return Later(RenderText(body.text, flavour, breaks, low=is_low(), key_id=caller().key_id))


def operations(services: Services) -> list[Operation]:
    """Operations on previews, renders and tasks."""
    views = PreviewViews(services)
    later = services.later
    return [
        Operation(
            "POST",
            "/renders",
            "create_render",
            "Render a text; only the task is stored",
            later(rendered_text)(views.render),
            {202: doc.ACCEPTED, 200: ResponseSpec("The text, rendered.", models.RenderOrTask)},
            scope="write",
            body=models.RenderInput,
            headers=(doc.ACCOUNT, *doc.MAKING_WORK),
            problems=(*doc.BODY_PROBLEMS, *doc.IDEMPOTENCY_PROBLEMS, "not-rendered"),
        ),
        Operation(
            "POST",
            "/previews",
            "create_preview",
            "Preview a URL; a fresh stored preview is the response at once",
            later(fetched_preview)(views.preview),
            {
                202: doc.ACCEPTED,
                200: ResponseSpec("The preview, ready or failed.", models.PreviewOrTask),
            },
            scope="write",
            body=models.PreviewInput,
            headers=(doc.ACCOUNT, *doc.MAKING_WORK),
            problems=(*doc.BODY_PROBLEMS, *doc.IDEMPOTENCY_PROBLEMS, "conflict"),
        ),
        Operation(
            "GET",
            "/tasks/{task_id}",
            "show_task",
            "A task: 202 while it runs, then the final response of its request at every poll",
            later.show,
            {
                202: doc.ACCEPTED,
                200: ResponseSpec(
                    "The final response of an edit, a batch, a render or a preview.",
                    models.FinalResponseOrTask,
                    headers=(doc.ETAG,),
                ),
                201: ResponseSpec(
                    "The final response of a post.", models.Post, headers=(doc.LOCATION, doc.ETAG)
                ),
                304: doc.NOT_MODIFIED,
            },
            headers=(*doc.PRECONDITIONS, doc.ACCOUNT, doc.PREFER),
            problems=("not-found", "gone", "not-rendered", "conflict"),
        ),
        Operation(
            "DELETE",
            "/tasks/{task_id}",
            "cancel_task",
            "Cancel a task; later requests for it get 410",
            later.cancel,
            {204: doc.NO_CONTENT},
            scope="write",
            checks_preconditions=True,
            headers=(*doc.PRECONDITIONS, doc.ACCOUNT),
            problems=("not-found", "gone"),
        ),
    ]
