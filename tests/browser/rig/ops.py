"""The operator's page, found by roles and labels."""

import re

from playwright.sync_api import Locator, Page, expect

from .visitor import Visitor

TITLES = {"dead": "Dead letters", "keys": "Keys", "sessions": "Sessions", "audit": "Audit"}


class Ops:
    """One tab with the operator's page."""

    def __init__(self, tab: Page) -> None:
        self.tab = tab

    @classmethod
    def of(cls, visitor: Visitor, key: str) -> "Ops":
        """Open the page with a key, and wait until its views are there."""
        page = cls(visitor.open(f"/ops#key={key}"))
        expect(page.views).to_be_visible()
        return page

    @property
    def views(self) -> Locator:
        """The links to the views."""
        return self.tab.get_by_role("navigation", name="Views")

    def show(self, title: str) -> Locator:
        """Go to a view, and return it."""
        # A badge with a number follows the title of some.
        self.views.get_by_role("link", name=re.compile(f"^{title}")).click()
        view = self.tab.get_by_role("region", name=title, exact=True)
        expect(view).to_be_visible()
        return view

    def number(self, stage: str, term: str) -> float:
        """A number of the picture: that of a term in a stage, such as `accepted` of `API`."""
        region = self.tab.get_by_role("region", name=stage)
        found = region.get_by_role("term").filter(has_text=re.compile(rf"^\s*{term}\b"))
        values = found.locator("xpath=following-sibling::dd[1]").all_inner_texts()
        return sum(float(re.sub(r"[^0-9.]", "", value) or 0) for value in values)

    @property
    def letters(self) -> Locator:
        """The rows of the dead letters, without the head."""
        grid = self.tab.get_by_role("grid", name="Dead letters")
        return grid.get_by_role("row").filter(has=self.tab.get_by_role("gridcell"))

    def filter(self, **fields: str) -> None:
        """Filter the dead letters by some fields: `reason=...`, `queue=...`."""
        form = self.tab.get_by_role("form", name="Filter")
        for name, value in fields.items():
            form.get_by_label(name.capitalize(), exact=True).fill(value)
        form.get_by_role("button", name="Filter").click()

    @property
    def dialog(self) -> Locator:
        """The open dialog, or the last opened one of several."""
        return self.tab.get_by_role("dialog").last
