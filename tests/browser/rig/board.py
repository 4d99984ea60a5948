"""The board, found by roles and labels."""

from playwright.sync_api import Locator, Page, expect

from .visitor import Visitor


class Board:
    """One tab with the board."""

    def __init__(self, visitor: Visitor, path: str) -> None:
        self.visitor = visitor
        self.tab: Page = visitor.open(path)

    @classmethod
    def of(cls, visitor: Visitor, key: str, channel: str) -> "Board":
        """Open the board at a channel with a key, and wait until it can be written to."""
        board = cls(visitor, f"/?channel={channel}#key={key}")
        expect(board.draft).to_be_visible()
        return board

    @property
    def draft(self) -> Locator:
        """The field of a new post."""
        return self.tab.get_by_role("textbox", name="Write a post", exact=True)

    @property
    def posts(self) -> Locator:
        """All posts on the page."""
        return self.tab.get_by_role("article")

    def post(self, text: str) -> Locator:
        """The posts that show a text, as it stands there after it was rendered."""
        return self.posts.filter(has_text=text)

    def write(self, text: str) -> None:
        """Write a post and send it."""
        self.draft.fill(text)
        self.send.click()

    @property
    def send(self) -> Locator:
        """The button that sends the new post."""
        return self.tab.get_by_role("button", name="Post", exact=True)

    def expect_complete(self, text: str) -> Locator:
        """Wait until the one post with this text is complete, and return it."""
        post = self.post(text)
        expect(post).to_have_count(1)
        expect(post.get_by_role("img", name="State: complete")).to_be_attached()
        return post

    @property
    def sign_in(self) -> Locator:
        """The field for a key."""
        return self.tab.get_by_label("Key", exact=True)

    def sign_in_with(self, key: str) -> None:
        """Give a key to the page that asks for one."""
        self.sign_in.fill(key)
        self.tab.get_by_role("button", name="Sign in").click()
        expect(self.draft).to_be_visible()
