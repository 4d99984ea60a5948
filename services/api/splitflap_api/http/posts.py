"""HTTP of posts."""

from flask import Response, request

from asyncrequest import Later, Preconditions
from splitflap_api.contract import headers as doc
from splitflap_api.contract import models
from splitflap_api.contract.operations import Operation, ResponseSpec
from splitflap_api.contract.problems import Problem, invalid
from splitflap_api.domain.batches import CreatePosts
from splitflap_api.domain.final_responses import created_post, created_posts, edited_post
from splitflap_api.domain.posts import pages
from splitflap_api.domain.posts.commands import CreatePost, EditPost
from splitflap_api.domain.posts.representation import represent
from splitflap_api.domain.posts.shapes import read_posts
from splitflap_api.http.auth import act_for, caller, check_act, check_channel
from splitflap_api.http.operator.audit import Auditor
from splitflap_api.http.pages import MAX_PAGE, page_of
from splitflap_api.http.parse import check_past, check_text, id_of, is_low, within
from splitflap_api.http.responses import REVALIDATED, JsonResponse, bytes_of, no_content
from splitflap_api.http.services import Services

_MAKES_WORK = (doc.ACCOUNT, *doc.MAKING_WORK)


class PostViews:
    """The views of the operations below."""

    def __init__(self, services: Services) -> None:
        self._store = services.store
        self._acceptor = services.acceptor
        self._urls = services.urls
        self._acting = services.acting
        self._audit = Auditor(services.store)
        self._default_flavour = services.settings.default_flavour
        self._default_breaks = services.settings.breaks

    def create(self, body: models.PostInput) -> Later[CreatePost]:
        if body.author:
            act_for(body.author, "author", self._acting)
        return Later(self._new(body))

    def create_batch(self, body: models.BatchInput) -> Later[CreatePosts]:
        posts = []
        for position, each in enumerate(body.posts):
            with within(f"posts[{position}]"):
                self._check_author(each)
                posts.append(self._new(each))
        # The batch is a request of each of its authors.
        for author in dict.fromkeys(each.author for each in body.posts):
            if author and author != caller().account:
                self._acting.check(author, request.method, request.path, low=is_low())
        return Later(CreatePosts(posts, caller().key_id))

    def edit(self, post_id: str, body: models.EditInput) -> Later[EditPost]:
        check_text(body.text)
        preconditions = Preconditions.read()
        return Later(
            EditPost(
                post_id,
                body.text,
                preconditions,
                self._urls,
                caller(),
                body.flavour,
                body.breaks,
                is_low(),
            )
        )

    def delete(self, post_id: str) -> Response:
        preconditions = Preconditions.read()
        if caller().own_account is None:
            self._acceptor.delete_post(post_id, caller(), preconditions)
        else:
            with self._audit.change("post.deleted") as note:
                self._acceptor.delete_post(post_id, caller(), preconditions, note)
        return no_content()

    def show(self, post_id: str) -> JsonResponse:
        with self._store.read_large() as tx:
            post = read_posts(tx, [post_id], self._urls).get(post_id)
        if post is None or post.channel not in caller().channels:
            raise Problem("not-found", "no post has this id")
        body, etag = represent(post)
        return bytes_of(body, headers={"ETag": etag, **REVALIDATED})

    def page(self, query: models.PostQuery) -> JsonResponse:
        after = None if query.after is None else id_of(query.after)
        if query.channel is not None:
            check_channel(query.channel)
        found = pages.page(self._store, query, caller().channels, after, MAX_PAGE, self._urls)
        return page_of(found.posts, query.limit, more=found.more)

    def _new(self, body: models.PostInput) -> CreatePost:
        check_text(body.text)
        check_channel(body.channel)
        if body.created_at is not None:
            check_act("created_at")
            check_past(body.created_at)
        breaks = self._default_breaks if body.breaks is None else body.breaks
        flavour = body.flavour or self._default_flavour
        return CreatePost(body, flavour, breaks, is_low(), caller().key_id)

    def _check_author(self, body: models.PostInput) -> None:
        """Check that the caller may name this author of a post in a batch."""
        if body.author and body.author != caller().account:
            check_act("author")
            if caller().own_account is not None:
                raise invalid("author", f"expected {caller().account}, as in {doc.ACCOUNT.name}")


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
            headers=_MAKES_WORK,
            problems=(
                *doc.BODY_PROBLEMS,
                *doc.IDEMPOTENCY_PROBLEMS,
                "not-found",
                "not-rendered",
                "conflict",
            ),
        ),
        Operation(
            "POST",
            "/posts/batch",
            "create_posts",
            "Create up to 100 posts, with one task for all",
            services.later(created_posts)(views.create_batch),
            {202: doc.ACCEPTED, 200: ResponseSpec("The results, in order.", models.BatchOrTask)},
            scope="write",
            body=models.BatchInput,
            headers=_MAKES_WORK,
            problems=(*doc.BODY_PROBLEMS, *doc.IDEMPOTENCY_PROBLEMS, "not-found"),
            doc="All posts are accepted, or none. The body may have 2 MiB. `progress` counts "
            "posts. Posts may have different authors; the task belongs to the request's account.",
        ),
        Operation(
            "GET",
            "/posts",
            "list_posts",
            "Posts by time",
            views.page,
            {200: ResponseSpec("A page of posts.", models.PostList)},
            query=models.PostQuery,
            headers=(doc.ACCOUNT,),
            problems=("not-found",),
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
            headers=(*doc.PRECONDITIONS, doc.ACCOUNT),
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
            headers=(*doc.PRECONDITIONS, *_MAKES_WORK),
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
            headers=(*doc.PRECONDITIONS, doc.ACCOUNT),
            problems=("not-found",),
        ),
    ]
