"""Writes a build's values into commands, so that they arrive as text and never become a command.

Whoever pushes chooses a commit's message, its author and its branch, and a pipeline file puts them
into commands. A value of plain characters is pasted. Any other is handed over as a variable of its
own, and the script gets a reference to it, written for the quotes that it stands in: the shell
finds the value there, never in its script. Where the text would be code of another program, it is
used only if it can be nothing but text for that program; otherwise the build is refused.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import accumulate

from slipway.exceptions import PipelineFileError
from slipway.pipeline.commit_text.claims import image_claims
from slipway.pipeline.commit_text.held_text import CommitTextInCode, Held
from slipway.pipeline.commit_text.nested_code import arguments
from slipway.pipeline.commit_text.shell_model import NotShell, Quote, Spot, Word
from slipway.pipeline.commit_text.shell_text import read_shell
from slipway.pipeline.commit_text.text_writer import UNREADABLE, Edit, TextWriter, by_marker

__all__ = ["CommitTextInCode", "Held", "written", "written_words"]

# Values of a command.
_MOST = 500
_ENDS_DOCUMENT = re.compile(r"<<-?[ \t]*(\S+)")


def written(texts: Sequence[str], held: Mapping[str, Held]) -> list[str]:
    """Return a step's commands with a reference in place of each marker.

    They are read as the one script that they are: a loop may go over several of them.

    :param texts: the commands, with markers in them.
    :param held: marker -> the value whose place it holds.
    :raises CommitTextInCode: when a value cannot be text at its place.
    """
    readable = _readable(texts, held)
    starts = [0, *accumulate(len(text) + 1 for text in texts)]
    if len(held) > _MOST and max(sum(char in held for char in text) for text in texts) > _MOST:
        msg = f"a command has more than {_MOST} values that are no plain characters"
        raise PipelineFileError(msg, advice="put long scripts into the repository")
    parts: list[list[Edit]] = [[] for _ in texts]
    try:
        with _not_too_deep():
            edits = TextWriter(held).edits("\n".join(texts[:readable]))
    except CommitTextInCode as error:
        error.position = _position(texts, error.marker)
        raise
    for start, end, new in edits:
        number = bisect_right(starts, start) - 1
        parts[number].append((start - starts[number], end - starts[number], new))
    out = [_edited(text, part) for text, part in zip(texts, parts, strict=True)]
    for number in range(readable, len(texts)):
        out[number] = _pasted(texts, number, held)
    return out


@contextmanager
def _not_too_deep() -> Iterator[None]:
    """Refuse a command that runs another, that runs another, and so on for thousands of them."""
    try:
        yield
    except RecursionError as error:
        msg = "a command has too many others within one another"
        raise PipelineFileError(msg, advice="put long scripts into the repository") from error


def _position(texts: Sequence[str], marker: str) -> int:
    return next((number for number, text in enumerate(texts) if marker in text), 0)


def _readable(texts: Sequence[str], held: Mapping[str, Held]) -> int:
    """Return how many of a step's commands can be read, and end where they seem to."""
    for number, text in enumerate(texts):
        try:
            read_shell(text, held)
        except NotShell:
            return number
    if len(texts) < 2:
        return len(texts)
    try:
        found = read_shell("\n".join(texts), held)
    except NotShell:
        return 0
    ends = accumulate(len(text) + 1 for text in texts[:-1])
    # Each is shown before it runs, so what goes on in the next one is not as it seems.
    open_ones = (number for number, end in enumerate(ends) if end - 1 not in found.breaks)
    return next(open_ones, len(texts))


def _pasted(texts: Sequence[str], number: int, held: Mapping[str, Held]) -> str:
    """Return a command that cannot be read with its values, which must be plain."""
    text = texts[number]
    whole = "\n".join(texts)
    names = {re.sub(r"['\"\\]", "", name) for name in _ENDS_DOCUMENT.findall(whole)}
    if names:
        # Any line may be the one that ends a document.
        names.update(line.strip() for line in whole.split("\n"))
    lines: list[str] = []
    for line in text.split("\n"):
        new = line
        for marker in [char for char in line if char in held]:
            one = held[marker]
            if one.value is not None and not one.plain:
                raise CommitTextInCode(one, UNREADABLE, marker=marker, position=number)
            new = new.replace(marker, one.reference if one.value is None else one.value)
        if new != line and new.strip() in names:
            marker = next(char for char in line if char in held)
            raise CommitTextInCode(held[marker], UNREADABLE, marker=marker, position=number)
        lines.append(new)
    return "\n".join(lines)


def written_words(
    words: Sequence[str], held: Mapping[str, Held], *, program: bool = True
) -> tuple[str, ...]:
    """Return the words of a program that no shell starts: values are text there as they are.

    :param words: with markers in them.
    :param held: marker -> the value whose place it holds.
    :param program: the first word names it; otherwise the image knows what is given them.
    :raises CommitTextInCode: as :func:`written` does.
    """
    read = [_argument(word, held) for word in words]
    with _not_too_deep():
        codes = by_marker([*(arguments(read) if program else image_claims(read))])
    spots = {spot.marker: spot for word in read for spot in word.spots}
    writer = TextWriter(held)
    texts = {marker: writer.rendered(spot, codes.get(marker, [])) for marker, spot in spots.items()}
    return tuple("".join(texts.get(char, char) for char in word) for word in words)


def _argument(text: str, held: Mapping[str, Held]) -> Word:
    spots = [
        Spot(marker=char, at=at, quote=Quote.ARGUMENT)
        for at, char in enumerate(text)
        if char in held
    ]
    return Word(text=text, spots=spots)


def _edited(text: str, edits: list[Edit]) -> str:
    out, at = [], 0
    for start, end, new in sorted(edits):
        out += [text[at:start], new]
        at = end
    return "".join(out) + text[at:]
