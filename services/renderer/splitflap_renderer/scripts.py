"""Classes of characters for regular expressions: where words end in the scripts of the world.

Chinese, Japanese, Thai and others write no spaces, so a name, an emoji or a URL may follow a letter
directly. Combining marks belong to their letter, but Python's class of letters leaves them out.
"""

import unicodedata


def _ranges(points: list[int]) -> str:
    """The code points as ranges of a class. They are in ascending order."""
    ranges: list[list[int]] = []
    for point in points:
        if ranges and ranges[-1][1] == point - 1:
            ranges[-1][1] = point
        else:
            ranges.append([point, point])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges)


#: Letters of scripts without spaces between words. Korean is among them: its particles follow a
#: name directly.
SPACELESS = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff"  # Thai, Lao, Burmese, Jamo, Khmer
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3038-\u303c\u3041-\u30fa\u30fc-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff66-\uffdc"
    "\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)

#: Combining marks of the living scripts with spaces: Arabic, Hebrew, the scripts of India, accents.
MARKS = _ranges(
    [
        point
        for first, last in ((0x300, 0xE00), (0xF00, 0x1000), (0x1AB0, 0x1E00), (0x20D0, 0x20F1))
        for point in range(first, last)
        if unicodedata.category(chr(point)).startswith("M")
    ]
)

#: A letter, digit or underscore of a script with spaces.
SPACED = rf"[^\W{SPACELESS}]"

#: A place that follows no letter of such a script.
NOT_IN_WORD = rf"(?<!{SPACED})(?<![{MARKS}])"
