"""The board on both back ends: posts appear, complete, change and go, for everybody at once."""

import re

from playwright.sync_api import expect

from tests.support import wait_until
from tests.system.rig import metrics
from tests.system.rig.client import Client
from tests.system.rig.site import Site
from tests.system.rig.stack import Stack

from .conftest import MakeVisitor
from .rig.board import Board
from .rig.fronts import Front
from .rig.watch import Watch

#: Counts the posts' elements that are added to the page and removed from it.
COUNT_MOVES = """() => {
    window.moves = {added: 0, removed: 0};
    const count = nodes => [...nodes].filter(node => node.localName === 'board-post').length;
    new MutationObserver(records => {
        for (const { addedNodes, removedNodes } of records) {
            moves.added += count(addedNodes);
            moves.removed += count(removedNodes);
        }
    }).observe(document.querySelector('post-feed'), {childList: true, subtree: true});
}"""


def test_a_post_appears_at_once_and_completes_with_its_card(board: Board, site: Site) -> None:
    """The preview shows its HTML before it is sent."""
    board.draft.fill("a **bold** word")
    preview = board.tab.get_by_role("group", name="Preview")
    expect(preview.locator("strong")).to_have_text("bold")
    link = site.url("held/the-title")
    site.hold()
    board.write(f"first **words** {link}")
    post = board.post("first")
    expect(board.draft).to_have_value("")
    expect(post.locator("strong")).to_have_text("words")
    site.release()
    board.expect_complete("first")
    expect(post.get_by_role("link", name=re.compile("the-title"))).not_to_have_count(0)


def test_a_post_goes_to_the_channel_of_the_address(
    board: Board, client: Client, channel: str
) -> None:
    """A mention and a channel in its text lead to their posts."""
    board.write("to @ann in #talks")
    post = board.expect_complete("to @ann")
    assert len(client.posts(channel)) == 1
    post.get_by_role("link", name="#talks").click()
    expect(board.tab.get_by_role("heading", name="#talks")).to_be_visible()
    expect(board.posts).to_have_count(0)
    board.tab.go_back()
    expect(post).to_be_visible()
    post.get_by_role("link", name="@ann").click()
    expect(board.tab.get_by_role("heading", name="@ann")).to_be_visible()
    expect(post).to_be_visible()


def test_a_link_without_a_page_shows_its_reason(board: Board, site: Site) -> None:
    """The post is complete all the same."""
    board.write(f"a dead end {site.url('nowhere')}")
    post = board.expect_complete("a dead end")
    expect(post).to_contain_text("The page does not exist.")


def test_two_visitors_see_each_others_posts(
    all_fronts: list[Front], make_visitor: MakeVisitor, client: Client, key: str, channel: str
) -> None:
    """On servers each of them is at another API."""
    other_key = client.new_key(f"guest-{channel}", "read", "write")["key"]
    one = Board.of(make_visitor(all_fronts[0].origin), key, channel)
    other = Board.of(make_visitor(all_fronts[-1].origin), other_key, channel)
    one.write("hello from one")
    other.expect_complete("hello from one")
    other.write("and hello from the other")
    one.expect_complete("and hello from the other")
    for board in (one, other):
        expect(board.posts).to_have_count(2)
        assert "other" in board.posts.first.inner_text()


def test_two_tabs_share_one_stream(
    stack: Stack,
    client: Client,
    front: Front,
    make_visitor: MakeVisitor,
    key: str,
    channel: str,
) -> None:
    """The API counts its open streams. The stream lives on when the first tab closes."""

    def streams() -> float:
        return metrics.sums(stack.services[front.api])["splitflap_event_streams"]

    def are_gone() -> bool:
        # The API finds out that a browser has left when it writes to it.
        client.create_post("a word to all streams", f"{channel}-other")
        return streams() == 0

    wait_until(are_gone, "the end of earlier streams")
    visitor = make_visitor(front.origin)
    first = Board.of(visitor, key, channel)
    second = Board(visitor, f"/?channel={channel}")
    expect(second.draft).to_be_visible()
    first.write("seen in both tabs")
    second.expect_complete("seen in both tabs")
    assert streams() == 1
    first.tab.close()
    second.write("seen in one tab")
    second.expect_complete("seen in one tab")
    assert streams() == 1


def test_a_post_is_edited_and_deleted(board: Board, client: Client, channel: str) -> None:
    """The text of the edit is rendered, and a deleted post is gone."""
    board.write("before the edit")
    post = board.expect_complete("before the edit")
    post.get_by_role("button", name=re.compile("^Edit")).click()
    board.tab.get_by_role("textbox", name="Edit the post").fill("after the *edit*")
    board.tab.get_by_role("button", name="Save").click()
    changed = board.expect_complete("after the edit")
    expect(changed.locator("em")).to_have_text("edit")
    expect(board.posts).to_have_count(1)
    changed.get_by_role("button", name=re.compile("^Delete")).click()
    board.tab.get_by_role("group", name="Delete this post?").get_by_text(
        "Delete", exact=True
    ).click()
    expect(board.posts).to_have_count(0)
    assert client.posts(channel) == []


def test_a_long_board_stays_in_order_and_moves_no_other_post(
    make_visitor: MakeVisitor, front: Front, client: Client, key: str, channel: str
) -> None:
    """The posts stand in blocks, and 60 of them fill several."""
    tasks = [client.submit(f"number {number:02}", channel) for number in range(60)]
    posts = [client.wait_final(task).json() for task in tasks]
    board = Board.of(make_visitor(front.origin), key, channel)
    expect(board.posts).to_have_count(30)
    board.tab.evaluate("scrollTo(0, document.body.scrollHeight)")
    expect(board.posts).to_have_count(60)
    board.tab.evaluate(COUNT_MOVES)
    for post in (posts[-1], posts[30], posts[0]):
        assert client.delete(f"/v1/posts/{post['id']}").status_code == 204
    expect(board.posts).to_have_count(57)
    new = [client.create_post(f"new {number}", channel) for number in range(30)]
    expect(board.posts).to_have_count(87)
    texts = [each["text"] for each in reversed([*posts[1:30], *posts[31:-1], *new])]
    shown = board.posts.locator(".post").all_text_contents()
    assert [text.strip() for text in shown] == texts
    assert board.tab.evaluate("window.moves") == {"added": 30, "removed": 3}


def test_an_edit_that_meets_another_asks_first(
    board: Board, client: Client, channel: str, watch: Watch
) -> None:
    """No text is overwritten unseen."""
    watch.tolerate("status of 412")
    board.write("the first text")
    post = board.expect_complete("the first text")
    post.get_by_role("button", name="Edit").click()
    field = board.tab.get_by_role("textbox", name="Edit the post")
    field.fill("my text")
    (known,) = client.posts(channel)
    client.wait_final(client.put(f"/v1/posts/{known['id']}", {"text": "their text"}))
    save = board.tab.get_by_role("button", name="Save")
    save.click()
    expect(board.tab.get_by_role("alert").filter(has_text="their text")).to_be_visible()
    expect(field).to_have_value("my text")
    save.click()
    board.expect_complete("my text")
    expect(board.posts).to_have_count(1)


def test_a_failed_preview_is_fetched_again(board: Board, site: Site) -> None:
    """The page exists at the second attempt."""
    link = site.url("late/the-late-title")
    board.write(f"too early {link}")
    post = board.expect_complete("too early")
    expect(post).to_contain_text("The page does not exist.")
    site.kinds.add("late")
    post.get_by_role("button", name="Try again").click()
    expect(post.get_by_role("link", name=re.compile("the-late-title"))).not_to_have_count(0)
    site.kinds.remove("late")


def test_an_image_for_adults_is_loaded_when_it_is_asked_for(board: Board, site: Site) -> None:
    """The button that shows it works with the keyboard too."""
    before = site.hits.count("/image")  # both back ends have the same site
    board.write(f"take care {site.url('adult/the-title')}")
    post = board.expect_complete("take care")
    show = post.get_by_role("button", name="Show the image for adults")
    expect(show).to_be_visible()
    assert site.hits.count("/image") == before
    show.press("Enter")
    expect(post.locator("img.link-image")).to_be_visible()
    expect(show).to_have_count(0)
    wait_until(lambda: site.hits.count("/image") > before, "the request of the image")
