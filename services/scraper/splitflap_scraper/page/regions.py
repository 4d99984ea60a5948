"""The regions of a page."""

from enum import IntFlag


class PageRegion(IntFlag):
    """The region of a piece in the page. A hidden piece is always ASIDE too."""

    NONE = 0
    BODY = 1
    #: Menus, footers, comments, banners, and hidden elements.
    ASIDE = 2
    HEADER = 4
    ARTICLE = 8
    HIDDEN = 16
    #: Within the text, but no part of it: captions, bylines, notices, newsletter forms.
    NOTE = 32
    #: An element that holds the text by its class.
    CONTENT = 64
