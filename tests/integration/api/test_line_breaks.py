"""Line breaks of posts in both databases, also of posts from the last release."""

import pytest
from splitflap_api.contract.models import Post, PostInput
from splitflap_api.domain.posts.commands import CreatePost, EditPost
from splitflap_api.store.engine import Store
from splitflap_api.store.migrate import migrate
from sqlalchemy import text

from asyncrequest import NO_PRECONDITIONS
from tests.unit.api.rig import Rig, by

#: The statement of a release that does not know the column.
_INSERT = text("""
    INSERT INTO posts (id, channel, account, text, flavour, state, revision, created_at, updated_at)
    VALUES (:id, 'general', 'me', 'x', 'gfm', 'complete', 1, 0, 0)
""")


def insert(store: Store, number: int) -> str:
    """A post as the last release inserts it; returns its id."""
    post_id = f"0192f0c8-0000-7000-8000-{number:012}"
    written = post_id.replace("-", "") if store.is_sqlite else post_id
    with store.write() as tx:
        tx.execute(_INSERT, {"id": written})
    return post_id


def shown(rig: Rig, post_id: str) -> Post:
    """The post as the API shows it."""
    post = rig.read_post(post_id)
    assert post is not None
    return post


def test_posts_of_the_last_release_have_no_line_breaks(empty_store: Store) -> None:
    """Their HTML has none. The last release also inserts posts during a rolling upgrade."""
    rig = Rig(empty_store)
    migrate(rig.store, "0006")
    before = insert(rig.store, 1)
    migrate(rig.store)
    meanwhile = insert(rig.store, 2)
    assert [shown(rig, post_id).breaks for post_id in (before, meanwhile)] == [False, False]


def test_an_edit_can_give_line_breaks_to_a_post_of_the_last_release(rig: Rig) -> None:
    """Without the field the post keeps its look."""
    post_id = insert(rig.store, 1)
    for asked, wanted in ((None, False), (True, True), (None, True)):
        rig.accept(EditPost(post_id, "x", NO_PRECONDITIONS, rig.urls, by(), breaks=asked))
        assert shown(rig, post_id).breaks is wanted


@pytest.mark.parametrize("breaks", [True, False])
def test_a_post_keeps_its_line_breaks_once_it_is_rendered(rig: Rig, *, breaks: bool) -> None:
    """The final response has them as well."""
    state = rig.accept(CreatePost(PostInput("a\nb"), breaks=breaks))
    rig.rendered(rig.row("jobs"))
    assert rig.body(state)["breaks"] is breaks
    assert shown(rig, rig.row("posts")["id"]).breaks is breaks
