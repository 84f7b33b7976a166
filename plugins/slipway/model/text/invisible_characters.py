"""Characters that show nothing, wherever they stand in a text.

On a page they hide something; in a log they stand between the characters of what is looked for.
"""

from __future__ import annotations

import unicodedata

# Letters and signs that show nothing: fillers, an empty pattern of Braille, joiners, selectors.
_BLANK = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
    + "".join(map(chr, (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
)
# Controls, formats (direction, zero width, tags), surrogates, private, unassigned, line ends.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Planes in which there are such characters: two with writing, one with tags and selectors.
_PLANES = (range(0x80, 0x20000), range(0xE0000, 0xE1000))


def is_unseen(character: str) -> bool:
    """Tell whether a character shows nothing, or cannot be told from a blank.

    :param character: one.
    """
    category = unicodedata.category(character)
    blank = category == "Zs" and character != " "
    return category in _HIDDEN or blank or character in _BLANK


def between() -> list[str]:
    """List the characters beyond ASCII that may stand in a text and take no room in it."""
    return [
        character
        for plane in _PLANES
        for character in map(chr, plane)
        if character in _BLANK or unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp")
    ]
