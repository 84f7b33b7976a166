"""Writes a script again, with a reference to a variable in the place of each value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from slipway.pipeline.commit_text.claims import claims_in
from slipway.pipeline.commit_text.code_of_programs import is_text, is_words
from slipway.pipeline.commit_text.held_text import CommitTextInCode, Held
from slipway.pipeline.commit_text.nested_language import Code, Language
from slipway.pipeline.commit_text.shell_model import HereDocument, NotShell, Quote, Spot
from slipway.pipeline.commit_text.shell_text import read_shell

# Scripts within scripts that are read.
_DEEPEST = 5
_COMPUTED = Code(language=Language.COMMAND, program="the shell", words=())
UNREADABLE = Code(language=Language.FED, program="a shell, in quotes that are too deep", words=())
_OPEN = Code(
    language=Language.FED, program="a shell, in quotes that this step leaves open", words=()
)
# A place, and what to put there.
Edit: TypeAlias = tuple[int, int, str]
# What a shell makes several words of, or an option, where no quotes are.
_SPLITS = re.compile(r"\s|[*?\[]|^-")
_OPTION = re.compile(r"(?:^|\s)-\S")
_VARIABLE = re.compile(r"\s[A-Za-z_]\w*=")
_PLAINLY_QUOTED = (Quote.SINGLE, Quote.DOUBLE)
_SPECIAL = {
    Quote.BARE: re.compile(r"([^\w@%+=:,./-])"),
    Quote.DOUBLE: re.compile(r"([\\\"$`])"),
    Quote.HERE: re.compile(r"([\\$`])"),
    Quote.ANSI: re.compile(r"([\\'])"),
}


class TextWriter:
    """Writes references in place of markers.

    :param held: marker -> the value whose place it holds.
    """

    def __init__(self, held: Mapping[str, Held]) -> None:
        self._held = held
        self._within: dict[str, dict[str, str]] = {}
        self._far: dict[str, frozenset[str]] = {}
        # Plain values that all the same are written as others are.
        self._hard: set[str] = set()

    def _refused(self, marker: str, code: Code) -> CommitTextInCode:
        return CommitTextInCode(self._held[marker], code, marker=marker)

    def _plain(self, marker: str) -> bool:
        return self._held[marker].plain and marker not in self._hard

    def edits(self, text: str, depth: int = 0) -> list[Edit]:
        """List what is to be replaced in a script.

        :param text: the script.
        :param depth: of the script within others.
        :raises CommitTextInCode: when it cannot be read, or a value would be code in it.
        """
        try:
            found = read_shell(text, self._held)
        except NotShell as error:
            return self._unread(text, error)
        for one in found.documents:
            self._harden(text, one)
        codes = by_marker(claims_in(found))
        opened: dict[int, HereDocument] = {}
        out: list[Edit] = []
        for spot in found.spots:
            claimed = codes.get(spot.marker, [])
            document = spot.document
            if (
                document is not None
                and document.raw
                and not claimed
                and not self._plain(spot.marker)
            ):
                if depth or spot.backquoted:
                    raise self._refused(spot.marker, UNREADABLE)
                opened[document.body[0]] = document
            new = self.rendered(spot, claimed, depth)
            out.append((spot.at - spot.escaped, spot.at + 1, new))
        for one in opened.values():
            out += _open(text, one, self._held)
        return out

    def _unread(self, text: str, error: NotShell) -> list[Edit]:
        out = []
        for at, char in enumerate(text):
            if char in self._held:
                one = self._held[char]
                if one.value is not None:
                    raise self._refused(char, UNREADABLE) from error
                out.append((at, at + 1, one.reference))
        return out

    def _harden(self, text: str, document: HereDocument) -> None:
        """See that no plain value is, or is part of, the line that ends a here-document."""
        body = text[slice(*document.body)]
        held = [char for char in body if char in self._held and self._held[char].plain]
        if not held:
            return
        pasted = "".join(self._held[char].value or "" if char in held else char for char in body)
        if not document.raw:
            pasted = f"{pasted}\n{pasted}".replace("\\\n", "")
        if any(line.lstrip("\t") == document.name for line in pasted.split("\n")):
            self._hard.update(held)

    def rendered(self, spot: Spot, codes: Sequence[Code], depth: int = 0) -> str:
        """Return what stands in a marker's place.

        :param spot: where the marker stands.
        :param codes: the code that it is part of.
        :param depth: of the script within others.
        :raises CommitTextInCode: when the value would be code.
        """
        one = self._held[spot.marker]
        if self._plain(spot.marker) and one.value is not None:
            return one.value
        if spot.quote is Quote.ARITHMETIC and one.value is not None:
            raise self._refused(spot.marker, _COMPUTED)
        shell = None
        for code in codes:
            if code.language is Language.SHELL:
                shell = code
            elif one.value is not None and not self._is_text(spot, one.value, code, depth):
                raise self._refused(spot.marker, code)
        if shell is not None:
            return _quoted(spot.quote, self._in_script(spot, shell, depth))
        if spot.quote is Quote.RAW and codes:
            return one.reference if one.value is None else one.value
        return _as_text(spot, one)

    def _is_text(self, spot: Spot, value: str, code: Code, depth: int) -> bool:
        """Tell whether a value is nothing but text in a stretch of code."""
        if code.language is Language.UNQUOTED:
            return _stays_one_word(spot, value, code)
        if code.language is Language.FAR_SHELL:
            return (
                depth < _DEEPEST and is_words(value) and spot.marker in self._quoted_text(code.text)
            )
        return is_text(value, spot.marker, code)

    def _quoted_text(self, text: str) -> frozenset[str]:
        """Return the markers in quotes, and text, in a script that some other shell runs."""
        if text not in self._far:
            try:
                found = read_shell(text, self._held)
            except NotShell:
                return frozenset()
            claimed = by_marker(claims_in(found))
            self._far[text] = frozenset(
                one.marker
                for one in found.spots
                if one.quote in _PLAINLY_QUOTED
                and all(code.language in _HARMLESS for code in claimed.get(one.marker, ()))
            )
        return self._far[text]

    def _in_script(self, spot: Spot, code: Code, depth: int) -> str:
        """Return what stands in a marker's place in a script within the script."""
        text = code.text
        if spot.marker not in text or spot.backquoted or depth >= _DEEPEST:
            raise self._refused(spot.marker, code)
        if text not in self._within:
            self._within[text] = {
                text[end - 1]: new
                for _, end, new in self.edits(text, depth + 1)
                if text[end - 1] in self._held
            }
        return self._within[text][spot.marker]


def _stays_one_word(spot: Spot, value: str, code: Code) -> bool:
    """Tell whether no word of a value could be an option, or an assignment."""
    word = next((one for one in code.words if spot.marker in one.text), None)
    if word is None:  # it comes out of a command
        return not (code.strict and _OPTION.search(value))
    if spot.quote is Quote.BARE:
        assigned = code.program in ("export", "readonly", "local", "declare", "typeset")
        if (_SPLITS if code.strict else _VARIABLE if assigned else _OPTION).search(value):
            return False
    return not (value.startswith("-") and _may_be_option(spot, code))


# Claims that words in quotes never fail.
_HARMLESS = frozenset({Language.UNQUOTED, Language.TESTED})


def _may_be_option(spot: Spot, code: Code) -> bool:
    """Tell whether a word that begins with a value could be an option."""
    words = [word.text for word in code.words]
    at = next((i for i, text in enumerate(words) if text.startswith(spot.marker)), None)
    return at is not None and "--" not in words[:at] and not (at and words[at - 1].startswith("-"))


def _open(text: str, document: HereDocument, held: Mapping[str, Held]) -> Iterator[Edit]:
    """Let a here-document that is not expanded be so, with nothing but our references in it."""
    plain = re.fullmatch(r"\w+", document.name)
    name = document.name if plain else "SLIPWAY_END"
    yield (*document.delimiter, name)
    for at in range(*document.body):
        if text[at] in "\\$`" and text[at] not in held:
            yield at, at + 1, f"\\{text[at]}"
    if not plain:
        yield (*document.end, name)


def by_marker(codes: Sequence[Code]) -> dict[str, list[Code]]:
    """Sort code by the markers in it; what comes of commands within its words counts as well."""
    found: dict[str, list[Code]] = {}
    for code in codes:
        for word in code.words:
            for spot in (*word.spots, *word.inner):
                found.setdefault(spot.marker, []).append(code)
    return found


def _as_text(spot: Spot, one: Held) -> str:
    """Return what a shell replaces by the value, in the quotes that it stands in."""
    match spot.quote:
        case Quote.SINGLE:
            return f"'\"{one.reference}\"'"
        case Quote.ANSI:
            return f"'\"{one.reference}\"$'"
        case Quote.ARGUMENT:
            return one.reference if one.value is None else one.value
        case _:
            return one.reference


def _quoted(quote: Quote, text: str) -> str:
    """Write a text so that a shell takes it for itself, in the quotes that it stands in."""
    if quote is Quote.SINGLE:
        return text.replace("'", "'\\''")
    special = _SPECIAL.get(quote)
    return special.sub(r"\\\1", text) if special else text
