"""Check and change are one transaction: of two changes by one tag, one happens."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from splitflap_api.domain.posts.representation import represent
from splitflap_api.store.schema import tasks

from asyncrequest import PreconditionFailed, Preconditions
from tests.unit.api.rig import Rig

from .conftest import MakeRig

#: Races in one test.
ROUNDS = 20

#: Longest wait for the other thread, in seconds.
PATIENCE = 30.0


def new_post(rig: Rig) -> tuple[str, Preconditions]:
    """The id of a complete post, and If-Match with its ETag.

    The post's task is past its retention: else the lock of its row would order the changes too.
    """
    task = rig.post("first")
    post_id = rig.task(task)["subject"]
    rig.rendered(rig.job(task))
    with rig.store.write() as tx:
        tx.execute(tasks.delete())
    post = rig.read_post(post_id)
    assert post is not None
    return post_id, Preconditions(if_match=frozenset({represent(post)[1]}))


def race(*changes: Callable[[], object]) -> list[bool]:
    """Start changes together. Returns which of them happened."""
    barrier = threading.Barrier(len(changes), timeout=PATIENCE)

    def run(change: Callable[[], object]) -> bool:
        barrier.wait()
        try:
            change()
        except Exception as error:  # noqa: BLE001 - the loser finds another tag or no post
            assert isinstance(error, PreconditionFailed) or "no post" in str(error), error  # noqa: PT017 - as above
            return False
        return True

    with ThreadPoolExecutor(len(changes)) as threads:
        return list(threads.map(run, changes))


def test_one_of_two_edits_by_one_tag_happens(make_rig: MakeRig) -> None:
    """Both replicas read the same tag."""
    one, other = make_rig(), make_rig()
    for _ in range(ROUNDS):
        post_id, if_match = new_post(one)
        happened = race(
            partial(one.edit, post_id, "one", if_match),
            partial(other.edit, post_id, "other", if_match),
        )
        assert sorted(happened) == [False, True]
        row = one.row("posts", id=post_id)
        assert (row["revision"], row["text"]) == (2, "one" if happened[0] else "other")


def test_a_deletion_never_takes_a_newer_text(make_rig: MakeRig) -> None:
    """Either the edit finds no post, or the deletion finds another tag."""
    one, other = make_rig(), make_rig()
    for _ in range(ROUNDS):
        post_id, if_match = new_post(one)
        edited, deleted = race(
            partial(one.edit, post_id, "second", if_match),
            partial(other.delete_post, post_id, preconditions=if_match),
        )
        assert edited is not deleted
        assert [row["text"] for row in one.rows("posts", id=post_id)] == ["second"] * edited
