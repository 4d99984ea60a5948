"""HTTP of posts."""

from flask import Response

from asyncrequest import Later, Preconditions
from splitflap_api.contract import headers as doc
from splitflap_api.contract import models
from splitflap_api.contract.operations import Operation, ResponseSpec
from splitflap_api.contract.problems import Problem
from splitflap_api.domain.final_responses import created_post, edited_post
from splitflap_api.domain.posts import pages
from splitflap_api.domain.posts.commands import CreatePost, EditPost
from splitflap_api.domain.posts.representation import represent
from splitflap_api.domain.posts.shapes import read_posts
from splitflap_api.http.auth import caller, is_admin
from splitflap_api.http.pages import MAX_PAGE, page_of
from splitflap_api.http.parse import check_text, id_of, is_low
from splitflap_api.http.responses import REVALIDATED, JsonResponse, bytes_of, no_content
from splitflap_api.http.services import Services


class PostViews:
    """The views of the operations below."""

    def __init__(self, services: Services) -> None:
        self._store = services.store
        self._acceptor = services.acceptor
        self._urls = services.urls
        self._default_flavour = services.settings.default_flavour
        self._default_breaks = services.settings.breaks

    def create(self, body: models.PostInput) -> Later[CreatePost]:
        check_text(body.text)
        breaks = self._default_breaks if body.breaks is None else body.breaks
        flavour = body.flavour or self._default_flavour
        return Later(CreatePost(body, flavour, breaks, low=is_low()))

    def edit(self, post_id: str, body: models.EditInput) -> Later[EditPost]:
        check_text(body.text)
        preconditions = Preconditions.read()
        return Later(
            EditPost(
                post_id,
                body.text,
                preconditions,
                self._urls,
                is_admin(),
                body.flavour,
                body.breaks,
                is_low(),
            )
        )

    def delete(self, post_id: str) -> Response:
        preconditions = Preconditions.read()
        self._acceptor.delete_post(post_id, caller().account, preconditions, admin=is_admin())
        return no_content()

    def show(self, post_id: str) -> JsonResponse:
        with self._store.read_large() as tx:
            post = read_posts(tx, [post_id], self._urls).get(post_id)
        if post is None:
            raise Problem("not-found", "no post has this id")
        body, etag = represent(post)
        return bytes_of(body, headers={"ETag": etag, **REVALIDATED})

    def page(self, query: models.PostQuery) -> JsonResponse:
        after = None if query.after is None else id_of(query.after)
        with self._store.read_large() as tx:
            items, more = pages.page(tx, query.channel, after, query.limit, MAX_PAGE, self._urls)
        return page_of(items, query.limit, more=more)


def operations(services: Services) -> list[Operation]:
    """Operations on posts."""
    views = PostViews(services)
    return [
        Operation(
            "POST",
            "/posts",
            "create_post",
            "Create a post; its HTML and previews come later",
            services.later(created_post)(views.create),
            {
                202: doc.ACCEPTED,
                201: ResponseSpec(
                    "The post, done.", models.PostOrTask, headers=(doc.LOCATION, doc.ETAG)
                ),
            },
            scope="write",
            body=models.PostInput,
            headers=(doc.IDEMPOTENCY_KEY, doc.PREFER, doc.PRIORITY),
            problems=(*doc.BODY_PROBLEMS, *doc.IDEMPOTENCY_PROBLEMS, "not-rendered", "conflict"),
        ),
        Operation(
            "GET",
            "/posts",
            "list_posts",
            "Posts, newest first",
            views.page,
            {200: ResponseSpec("A page of posts.", models.PostList)},
            query=models.PostQuery,
        ),
        Operation(
            "GET",
            "/posts/{post_id}",
            "show_post",
            "A post in its present state",
            views.show,
            {
                200: ResponseSpec("The post.", models.Post, headers=(doc.ETAG,)),
                304: doc.NOT_MODIFIED,
            },
            headers=doc.PRECONDITIONS,
            problems=("not-found",),
        ),
        Operation(
            "PUT",
            "/posts/{post_id}",
            "edit_post",
            "Replace the text of a post: its next revision",
            services.later(edited_post)(views.edit),
            {
                202: doc.ACCEPTED,
                200: ResponseSpec("The post, done.", models.PostOrTask, headers=(doc.ETAG,)),
            },
            scope="write",
            body=models.EditInput,
            checks_preconditions=True,
            headers=(*doc.PRECONDITIONS, doc.IDEMPOTENCY_KEY, doc.PREFER, doc.PRIORITY),
            problems=(
                *doc.BODY_PROBLEMS,
                *doc.IDEMPOTENCY_PROBLEMS,
                "not-found",
                "not-rendered",
                "conflict",
            ),
        ),
        Operation(
            "DELETE",
            "/posts/{post_id}",
            "delete_post",
            "Delete a post, and end its running tasks",
            views.delete,
            {204: doc.NO_CONTENT},
            scope="write",
            checks_preconditions=True,
            headers=doc.PRECONDITIONS,
            problems=("not-found",),
        ),
    ]
