"""Reads a shell's text as far as it takes to know where a value in it stands.

A value's place is held by one character, its marker. Reading finds the commands, the words of each,
what is fed to them, and in what quotes each marker stands. What a shell would run is never decided
by this alone: values reach a script as references to variables, so that a place that was misread
costs a wrong text, not a command.
"""

from __future__ import annotations

import re
from collections.abc import Container

from slipway.pipeline.commit_text.shell_compounds import CompoundReader
from slipway.pipeline.commit_text.shell_model import (
    UNKNOWN,
    Command,
    HereDocument,
    NotShell,
    Quote,
    ShellText,
    Word,
)

_OPERATOR = re.compile(r"<<<|<<-|<<|<\(|>\(|[<>]{1,2}[&|]?|&>>?")
# Here-documents of a script; more is somebody playing.
_MOST_DOCUMENTS = 300
_ENDS_DELIMITER = " \t\r\n;&|<>()"


def read_shell(text: str, markers: Container[str]) -> ShellText:
    """Read a text.

    :param text: a shell script.
    :param markers: the characters that hold the values' places.
    :raises NotShell: when it cannot be read to its end.
    """
    reader = _Reader(text, markers)
    reader.commands("")
    if reader.waits:
        raise NotShell
    return reader.found


class _Reader(CompoundReader):
    def __init__(self, text: str, markers: Container[str]) -> None:
        super().__init__(text, markers)
        self._waiting: list[HereDocument] = []

    @property
    def waits(self) -> bool:
        """Whether a here-document has not begun yet."""
        return bool(self._waiting)

    def _redirection(self, command: Command, descriptor: str = "") -> None:
        """Read where a command's input comes from, or its output goes.

        :param descriptor: the number before it.
        """
        match = _OPERATOR.match(self._text, self._at)
        operator = match[0] if match else self._text[self._at]
        self._at += len(operator)
        if operator in ("<(", ">("):
            self._process(command, operator)
            command.words.append(Word(text=UNKNOWN))
            return
        self._blanks()
        is_input = descriptor in ("", "0")
        if self._text.startswith(("<(", ">("), self._at):
            self._at += 2
            self._process(command, self._text[self._at - 2 : self._at], is_input=is_input)
        elif operator == "<<<":
            (command.fed if is_input else command.files).append(self._word())
        elif operator.startswith("<<"):
            document = self._document(tabs=operator == "<<-")
            (command.fed if is_input else command.files).append(document)
        else:
            self._word()

    def _process(self, command: Command, operator: str, *, is_input: bool = False) -> None:
        """Read commands whose output a command reads, or that read what it writes."""
        known = len(self.found.pipelines)
        output = Word(text=UNKNOWN)
        self._nested(output, ")")
        if operator == ">(":
            command.sinks += self.found.pipelines[known:]
        else:
            (command.fed if is_input else command.files).append(output)

    def _document(self, *, tabs: bool) -> HereDocument:
        start = self._at
        name = self._delimiter()
        raw = any(char in "'\"\\" for char in self._text[start : self._at])
        document = HereDocument(name=name, delimiter=(start, self._at), raw=raw, tabs=tabs)
        self._waiting.append(document)
        self.found.documents.append(document)
        if len(self.found.documents) > _MOST_DOCUMENTS:
            raise NotShell
        return document

    def _delimiter(self) -> str:
        """Read the word that ends a here-document: nothing in it is expanded."""
        name, quote = "", ""
        while self._at < len(self._text):
            char = self._text[self._at]
            following = self._text[self._at + 1 : self._at + 2]
            self._at += 1
            odd = (char == "$" and following in "'\"(`{") or (char == "\\" and following == "\n")
            if char in self._markers or odd:
                raise NotShell  # a value would say where the text ends
            if quote and char == quote:
                quote = ""
            elif not quote and char in "'\"":
                quote = char
            elif char == "\\" and quote != "'":
                name += following
                self._at += 1
            elif not quote and char in _ENDS_DELIMITER:
                self._at -= 1
                break
            else:
                name += char
        return name

    def _here_documents(self) -> None:
        waiting, self._waiting = self._waiting, []
        for document in waiting:
            start = self._at
            end, after = self._end_of(document)
            document.body, document.end = (start, end), (end, after)
            inner = _Reader(self._text[:end], self._markers)
            inner.found, inner._at, inner._depth = self.found, start, self._depth
            inner._backquotes = self._backquotes
            inner._body(document)
            self._at = min(after + 1, len(self._text))

    def _end_of(self, document: HereDocument) -> tuple[int, int]:
        at, goes_on = self._at, False
        while at <= len(self._text):
            newline = self._text.find("\n", at)
            after = newline if newline >= 0 else len(self._text)
            line = self._text[at:after]
            is_end = (line.lstrip("\t") if document.tabs else line) == document.name
            if is_end and not goes_on:
                return at, after
            if newline < 0:
                break
            backslashes = len(line) - len(line.rstrip("\\"))
            goes_on = not document.raw and backslashes % 2 == 1
            at = after + 1
        raise NotShell

    def _body(self, document: HereDocument) -> None:
        quote = Quote.RAW if document.raw else Quote.HERE
        while self._at < len(self._text):
            if self._ordinary(document, quote):
                continue
            char = self._text[self._at]
            if char in self._markers:
                self._spot(document, quote, document=document)
            elif document.raw or not self._expansion(document, char, quote):
                document.text += char
                self._at += 1
