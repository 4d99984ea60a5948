"""The region of a page around the current tag."""

from enum import IntFlag


class PageRegion(IntFlag):
    """The region of a piece in the page."""

    NONE = 0
    BODY = 1
    ASIDE = 2
    HEADER = 4
    ARTICLE = 8


#: Elements of each region.
REGIONS = {
    "nav": PageRegion.ASIDE,
    "aside": PageRegion.ASIDE,
    "footer": PageRegion.ASIDE,
    "dialog": PageRegion.ASIDE,
    "header": PageRegion.HEADER,
    "article": PageRegion.ARTICLE,
    "main": PageRegion.ARTICLE,
}


class RegionTracker:
    """Follows the start and end tags of regions."""

    def __init__(self) -> None:
        #: Depth of open elements by name.
        self._open: dict[str, int] = {}
        self.in_body = False
        #: The region of the current position.
        self.here = PageRegion.NONE

    def enter_body(self) -> None:
        """Leave the head."""
        self.in_body = True
        self.here = self._region()

    def tag(self, name: str) -> None:
        """Note a tag by its name, with a slash for an end tag."""
        if name.startswith("/"):
            name = name[1:]
            self._open[name] = max(0, self._open.get(name, 0) - 1)
        elif name in REGIONS:
            self._open[name] = self._open.get(name, 0) + 1
        else:
            return
        self.here = self._region()

    def _region(self) -> PageRegion:
        region = PageRegion.BODY if self.in_body else PageRegion.NONE
        for name, depth in self._open.items():
            if depth:
                region |= REGIONS[name]
        return region
