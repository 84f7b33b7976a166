"""Writes a build's values into commands, so that they arrive as text and never become a command.

Whoever pushes chooses a commit's message, its author and its branch, and a pipeline file puts them
into commands. A value of plain characters is pasted. Any other is handed over as a variable of its
own, and the script gets a reference to it, written for the quotes that it stands in: the shell
finds the value there, never in its script. Where the text would be code of another program, it is
used only if it can be nothing but text for that program; otherwise the build is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from slipway.exceptions import PipelineFileError
from slipway.pipeline.commit_text.code_of_programs import advice_for, is_text
from slipway.pipeline.commit_text.nested_code import (
    READ_SCRIPTS,
    Code,
    Language,
    arguments,
    code_in,
)
from slipway.pipeline.commit_text.shell_model import (
    UNKNOWN,
    HereDocument,
    NotShell,
    Quote,
    ShellText,
    Spot,
    Word,
)
from slipway.pipeline.commit_text.shell_text import read_shell

# Scripts within scripts that are read.
_DEEPEST = 5
# Values of a command.
_MOST = 500
_COMPUTED = Code(language=Language.COMMAND, program="the shell", words=())
_UNREADABLE = Code(language=Language.FED, program="a shell, in quotes that are too deep", words=())
# A place, and what to put there.
_Edit: TypeAlias = tuple[int, int, str]
# What a shell makes several words of, or an option, where no quotes are.
_SPLITS = re.compile(r"\s|[*?\[]|^-")
_SPECIAL = {
    Quote.BARE: re.compile(r"([^\w@%+=:,./-])"),
    Quote.DOUBLE: re.compile(r"([\\\"$`])"),
    Quote.HERE: re.compile(r"([\\$`])"),
    Quote.ANSI: re.compile(r"([\\'])"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """A value whose place a marker holds.

    :param form: as the file has it.
    :param name: of the variable that has the value.
    :param value: None where only the run will know it.
    """

    form: str
    name: str
    value: str | None

    @property
    def reference(self) -> str:
        """What a shell replaces by the value."""
        return f"${{{self.name}}}"


class CommitTextInCode(PipelineFileError):
    """Text of a commit would become code.

    :param held: the value.
    :param code: what it would be part of.
    """

    def __init__(self, held: Held, code: Code) -> None:
        where = {
            Language.COMMAND: "a command",
            Language.FED: f"something that {code.program} runs",
            Language.UNQUOTED: f"options of {code.program}",
        }.get(code.language, f"code of {code.program}")
        name = re.search(r"\w+", held.form)
        message = f"{held.form} is more than plain characters in this build, and would be {where}"
        super().__init__(message, advice=advice_for(code, name[0] if name else held.name))
        self.held = held
        self.position = 0
        """Of the command among its step's."""


def written(text: str, held: Mapping[str, Held]) -> str:
    """Return a command with a reference in place of each marker.

    :param held: marker -> the value whose place it holds.
    :raises CommitTextInCode: when a value cannot be text at its place.
    """
    if len(held) > _MOST:
        msg = f"a command has more than {_MOST} values that are no plain characters"
        raise PipelineFileError(msg, advice="put long scripts into the repository")
    return _edited(text, _Writer(held).edits(text))


def written_words(
    words: Sequence[str], held: Mapping[str, Held], *, program: bool = True
) -> tuple[str, ...]:
    """Return the words of a program that no shell starts: values are text there as they are.

    :param program: the first word names it; otherwise the image knows what is given them.
    :raises CommitTextInCode: as :func:`written` does.
    """
    read = [_argument(word, held) for word in words]
    claims = [*arguments(read)]
    if not program:
        claims += arguments([Word(text=UNKNOWN), *read])
    codes = _by_marker(claims)
    spots = {spot.marker: spot for word in read for spot in word.spots}
    writer = _Writer(held)
    texts = {marker: writer.rendered(spot, codes.get(marker, [])) for marker, spot in spots.items()}
    return tuple("".join(texts.get(char, char) for char in word) for word in words)


def _argument(text: str, held: Mapping[str, Held]) -> Word:
    spots = [
        Spot(marker=char, at=at, quote=Quote.ARGUMENT)
        for at, char in enumerate(text)
        if char in held
    ]
    return Word(text=text, spots=spots)


def _edited(text: str, edits: list[_Edit]) -> str:
    out, at = [], 0
    for start, end, new in sorted(edits):
        out += [text[at:start], new]
        at = end
    return "".join(out) + text[at:]


class _Writer:
    """Writes references in place of markers.

    :param held: marker -> the value whose place it holds.
    """

    def __init__(self, held: Mapping[str, Held]) -> None:
        self._held = held
        self._within: dict[str, dict[str, str]] = {}

    def edits(self, text: str, depth: int = 0) -> list[_Edit]:
        """List what is to be replaced in a script.

        :param depth: of the script within others.
        :raises CommitTextInCode: when it cannot be read, or a value would be code in it.
        """
        try:
            found = read_shell(text, self._held)
        except NotShell as error:
            one = next(held for char, held in self._held.items() if char in text)
            if all(held.value is None for held in self._held.values()):
                return [
                    (at, at + 1, self._held[char].reference)
                    for at, char in enumerate(text)
                    if char in self._held
                ]
            raise CommitTextInCode(one, _UNREADABLE) from error
        codes = _by_marker(_codes(found))
        opened: dict[int, HereDocument] = {}
        out: list[_Edit] = []
        for spot in found.spots:
            claimed = codes.get(spot.marker, [])
            document = spot.document
            if document is not None and document.raw and not claimed:
                if depth or spot.backquoted:
                    raise CommitTextInCode(self._held[spot.marker], _UNREADABLE)
                opened[document.body[0]] = document
            new = self.rendered(spot, claimed, depth)
            out.append((spot.at - spot.escaped, spot.at + 1, new))
        for document in opened.values():
            out += _open(text, document, self._held)
        return out

    def rendered(self, spot: Spot, codes: Sequence[Code], depth: int = 0) -> str:
        """Return what stands in a marker's place.

        :param codes: the code that it is part of.
        :raises CommitTextInCode: when the value would be code.
        """
        one = self._held[spot.marker]
        if spot.quote is Quote.ARITHMETIC and one.value is not None:
            raise CommitTextInCode(one, _COMPUTED)
        shell = None
        for code in codes:
            if code.language is Language.SHELL:
                shell = code
            elif one.value is not None and not self._is_text(spot, one.value, code, depth):
                raise CommitTextInCode(one, code)
        if shell is not None:
            return _quoted(spot.quote, self._in_script(spot, shell, depth))
        if spot.quote is Quote.RAW and codes:
            return one.reference if one.value is None else one.value
        return _as_text(spot, one)

    def _is_text(self, spot: Spot, value: str, code: Code, depth: int) -> bool:
        """Tell whether a value is nothing but text in a stretch of code."""
        if code.language is Language.UNQUOTED:
            splits = spot.quote is Quote.BARE and _SPLITS.search(value)
            return not splits and not (value.startswith("-") and _may_be_option(spot, code))
        text = " ".join(word.text for word in code.words)
        if code.language is Language.FAR_SHELL and spot.marker in text:
            self._in_script(spot, code, depth)  # refuses what would be a command there
        return is_text(value, text, spot.marker, code)

    def _in_script(self, spot: Spot, code: Code, depth: int) -> str:
        """Return what stands in a marker's place in a script within the script."""
        text = " ".join(word.text for word in code.words)
        if spot.marker not in text or spot.backquoted or depth >= _DEEPEST:
            raise CommitTextInCode(self._held[spot.marker], code)
        if text not in self._within:
            self._within[text] = {
                text[end - 1]: new
                for _, end, new in self.edits(text, depth + 1)
                if text[end - 1] in self._held
            }
        return self._within[text][spot.marker]


def _may_be_option(spot: Spot, code: Code) -> bool:
    """Tell whether a word that begins with a value could be an option."""
    words = [word.text for word in code.words]
    at = next((i for i, text in enumerate(words) if text.startswith(spot.marker)), None)
    if at is None or "--" in words[:at] or (at and words[at - 1].startswith("-")):
        return False
    operands = [text for text in words[:at] if not text.startswith("-")]
    # A script's own arguments come behind its name.
    return not operands or code.program not in READ_SCRIPTS


def _open(text: str, document: HereDocument, held: Mapping[str, Held]) -> Iterator[_Edit]:
    """Let a here-document that is not expanded be so, with nothing but our references in it."""
    plain = re.fullmatch(r"\w+", document.name)
    name = document.name if plain else "SLIPWAY_END"
    yield (*document.delimiter, name)
    for at in range(*document.body):
        if text[at] in "\\$`" and text[at] not in held:
            yield at, at + 1, f"\\{text[at]}"
    if not plain:
        yield (*document.end, name)


def _codes(found: ShellText) -> list[Code]:
    """List the code in a script; where a group's output is fed on, all before it counts."""
    words = [
        word
        for pipeline in found.pipelines
        for command in pipeline
        for word in (*command.words, *command.fed)
        if word.spots or word.inner
    ]
    codes: list[Code] = []
    for pipeline in found.pipelines:
        before: list[Word] = []
        if pipeline[0].group and len(pipeline) > 1:
            before = [word for word in words if _begin(word) < pipeline[1].at]
        codes += code_in(pipeline, before)
    return codes


def _begin(word: Word) -> int:
    return min(spot.at for spot in (*word.spots, *word.inner))


def _by_marker(codes: Sequence[Code]) -> dict[str, list[Code]]:
    """Sort code by the markers in it; what comes of commands within its words counts as well."""
    found: dict[str, list[Code]] = {}
    for code in codes:
        inner = code.language not in (Language.COMMAND, Language.UNQUOTED)
        for word in code.words:
            for spot in (*word.spots, *(word.inner if inner else ())):
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
