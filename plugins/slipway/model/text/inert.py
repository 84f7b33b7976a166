"""Text that a stranger wrote, shown as nothing but text.

A branch, an author, a commit's subject, a file's name: all of it is chosen by whoever may push, and
read by whoever approves. On a page it must neither do anything (a link, an image, a table) nor hide
anything (a line break, a direction that is turned around, a character of no width).
"""

from __future__ import annotations

import re
import unicodedata

# Characters that a person reads in one go.
LONGEST = 200
# Marks that pile up on a character until they cover the lines around it.
_MARKS, _MOST_MARKS = frozenset({"Mn", "Me"}), 2
_TICKS = re.compile("`+")
# Words and version numbers, a space apart: no markup has only these.
_PLAIN = re.compile(r"(?:[^\W_]+|\d+(?:\.\d+)+)(?: (?:[^\W_]+|\d+(?:\.\d+)+))*")

# Words that are read from right to left, as the letters of :func:`_classes`.
_LEFTWARD = re.compile("R[Rm]*(?: +R[Rm]*)*")
# What is between these is put into order by itself: U+2068 and U+2069.
_FIRST_ISOLATE, _END_ISOLATE = "\u2068", "\u2069"
# Letters and signs that show nothing: fillers, an empty pattern of Braille, joiners, selectors.
_BLANK = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
    + "".join(map(chr, (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
)
# Controls, formats (direction, zero width, tags), surrogates, private, unassigned, line ends.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Planes in which there are such characters: two with writing, one with tags and selectors.
_PLANES = (range(0x80, 0x20000), range(0xE0000, 0xE1000))

# Characters of one line that says what became of something.
BRIEF = 255


def visible(text: str, longest: int = LONGEST) -> str:
    """Return one line, in which every character can be seen.

    What cannot be seen is named: ``<U+202E>``. For logs, and for pages that know no markup.

    :param text: from a repository, or from anybody.
    :param longest: characters; of a longer text the rest is left out, and counted.
    """
    cut = text[:longest]
    marks, shown = 0, []
    for char in cut:
        marks = marks + 1 if unicodedata.category(char) in _MARKS else 0
        shown.append(
            char if not is_unseen(char) and marks <= _MOST_MARKS else f"<U+{ord(char):04X}>"
        )
    more = len(text) - len(cut)
    return "".join(shown) + (f" ... and {more} characters more" if more else "")


def inert(text: str, longest: int = LONGEST) -> str:
    """Return Markdown that shows a text as it is, in a line, an item of a list, or a table's cell.

    Plain words stay as they are. All else is a span of code: nothing within is markup, and nothing
    is made a link of, as GitHub's Markdown otherwise does with what only looks like an address. A
    vertical bar would end a cell even there, so it is named like what cannot be seen. Words that
    are read from right to left turn nothing around but themselves.

    :param text: from a repository, or from anybody.
    :param longest: characters; of a longer text the rest is left out, and counted.
    """
    shown = _isolated(visible(text, longest).replace("|", "<U+007C>"))
    if not shown or _PLAIN.fullmatch(shown):
        return shown or "(empty)"
    fence = "`" * (max((len(run) for run in _TICKS.findall(shown)), default=0) + 1)
    # One space at either end belongs to the fence, if there is anything but spaces between them.
    apart = shown.strip(" ") and (shown[0] in "` " or shown[-1] in "` ")
    padded = f" {shown} " if apart else shown
    return f"{fence}{padded}{fence}"


def _isolated(text: str) -> str:
    """Keep the order of what stands beside words that are read from right to left."""
    ends, parts = 0, []
    for found in _LEFTWARD.finditer(_classes(text)):
        word = text[found.start() : found.end()]
        parts += [text[ends : found.start()], _FIRST_ISOLATE, word, _END_ISOLATE]
        ends = found.end()
    return "".join([*parts, text[ends:]])


def _classes(text: str) -> str:
    """Put one letter in each character's place: what it does to the direction of a line."""
    known = {"R": "R", "AL": "R", "NSM": "m"}
    return "".join(
        " " if char == " " else known.get(unicodedata.bidirectional(char), ".") for char in text
    )


def brief(text: str, longest: int = BRIEF) -> str:
    """Return the first line of a text that says something, visible and cut.

    :param text: anybody's.
    :param longest: characters.
    """
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    # A character that cannot be seen takes eight that can.
    shown = visible(line[: longest * 2], longest * 2)
    return shown if len(shown) <= longest else f"{shown[: longest - 3].rstrip()}..."


def is_unseen(character: str) -> bool:
    """Tell whether a character shows nothing, or cannot be told from a blank.

    :param character: one.
    """
    category = unicodedata.category(character)
    blank = category == "Zs" and character != " "
    return category in _HIDDEN or blank or character in _BLANK


def unseen_characters() -> list[str]:
    """List the characters beyond ASCII that may stand in a text and take no room in it."""
    return [
        character
        for plane in _PLANES
        for character in map(chr, plane)
        if character in _BLANK or unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp")
    ]
