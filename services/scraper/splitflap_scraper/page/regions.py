"""The regions of a page. They are plain numbers: operations of flags take ten times as long."""

from typing import Final


class PageRegion:
    """The region of a piece in the page. A hidden piece is always ASIDE too."""

    NONE: Final = 0
    BODY: Final = 1
    #: Menus, footers, comments, banners, and hidden elements.
    ASIDE: Final = 2
    HEADER: Final = 4
    ARTICLE: Final = 8
    HIDDEN: Final = 16
    #: Within the text, but no part of it: captions, bylines, notices, newsletter forms.
    NOTE: Final = 32
    #: An element that holds the text by its class.
    CONTENT: Final = 64
