"""The part of a page in memory, with the positions of the scanner."""


class Buffer:
    """Text of a page, and positions in it. `drop` removes the text before them, and shifts them.

    at: the next character to scan
    start: the first character of the current token
    tag_end: the end of the current tag
    searched: the end of the text searched for the end of the current element
    clear: the end of the text searched for tokens
    dropped: the characters removed so far
    """

    __slots__ = ("at", "clear", "dropped", "searched", "start", "tag_end", "text")

    def __init__(self) -> None:
        self.text = ""
        self.at = self.start = self.tag_end = self.searched = self.clear = self.dropped = 0

    def move(self, to: int) -> None:
        """Continue the scan at a position. The text before it is done."""
        self.at = self.start = to

    def shorten(self, tag: str) -> None:
        """Replace the text before `at` by a short tag."""
        used = self.at - len(tag)
        self.text = tag + self.text[self.at :]
        self.dropped += used
        self.start, self.at = 0, len(tag)
        self.clear -= used

    def drop(self) -> None:
        """Remove the text before `at` and `start`."""
        used = min(self.at, self.start)
        self.text = self.text[used:]
        self.dropped += used
        self.at -= used
        self.start -= used
        self.tag_end -= used
        self.searched -= used
        self.clear -= used
