"""Reads a shell's text as far as it takes to know where a value in it stands.

A value's place is held by one character, its marker. Reading finds the commands, the words of each,
what is fed to them, and in what quotes each marker stands. What a shell would run is never decided
by this alone: values reach a script as references to variables, so that a place that was misread
costs a wrong text, not a command.
"""

from __future__ import annotations

import re
from collections.abc import Container

from slipway.pipeline.commit_text.shell_model import (
    UNKNOWN,
    Command,
    HereDocument,
    NotShell,
    Pipeline,
    Quote,
    ShellText,
    Word,
)
from slipway.pipeline.commit_text.shell_words import WordReader

_BLANK = " \t\r"
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*(\[[^\]]*\])?\+?=")
# Words after which a command begins.
_OPENERS = frozenset(
    {"if", "then", "else", "elif", "do", "while", "until", "!", "{", "time", "coproc"}
)
# Words that end a group of commands.
_CLOSERS = frozenset({"}", "done", "fi", "esac"})


def read_shell(text: str, markers: Container[str]) -> ShellText:
    """Read a text.

    :param markers: the characters that hold the values' places.
    :raises NotShell: when it cannot be read to its end.
    """
    reader = _Reader(text, markers)
    reader.commands("")
    return reader.found


class _Reader(WordReader):
    def __init__(self, text: str, markers: Container[str]) -> None:
        super().__init__(text, markers)
        self._waiting: list[HereDocument] = []

    # Commands

    def commands(self, stop: str) -> None:
        """Read commands up to a closing character, or to the end of the text."""
        self._deeper()
        pipeline: Pipeline = [Command(at=self._at)]
        cases = 0
        while self._at < len(self._text):
            char = self._text[self._at]
            if char == stop and not (char == ")" and cases):
                self._at += 1
                self._depth -= 1
                self._close(pipeline)
                return
            if char in "\n;&)":
                self._separator(char)
                self._close(pipeline)
                pipeline = [Command(at=self._at)]
            elif char == "|":
                pipeline = self._pipe(pipeline)
            else:
                cases += self._item(pipeline[-1], char)
        self._close(pipeline)
        if stop:
            raise NotShell

    def _separator(self, char: str) -> None:
        self._at += 1
        if char == "\n":
            self._here_documents()

    def _pipe(self, pipeline: Pipeline) -> Pipeline:
        if self._text.startswith("||", self._at):
            self._at += 2
            self._close(pipeline)
            return [Command(at=self._at)]
        self._at += 2 if self._text.startswith("|&", self._at) else 1
        pipeline.append(Command(at=self._at))
        return pipeline

    def _close(self, pipeline: Pipeline) -> None:
        if any(command.words or command.fed for command in pipeline):
            self.found.pipelines.append(pipeline)

    def _item(self, command: Command, char: str) -> int:
        """Read what a command goes on with; tell by how much a ``case`` is deeper then."""
        if char in _BLANK:
            self._at += 1
        elif char == "#":
            self._comment()
        elif char in "<>":
            self._redirection(command)
        elif char == "(":
            self._brackets(command)
        else:
            return self._word_of(command)
        return 0

    def _word_of(self, command: Command) -> int:
        start = self._at
        word = self._word()
        if self._at == start:
            raise NotShell
        if not command.words and not word.spots:
            if word.text in _OPENERS:
                return 0
            if word.text == "function":
                self._named_function()
                return 0
            command.group = word.text in _CLOSERS
            if word.text in ("case", "esac"):
                command.words.append(word)
                return 1 if word.text == "case" else -1
        if not command.words and self._assigns(word):
            return 0
        if word.text.isdigit() and self._text[self._at : self._at + 1] in ("<", ">"):
            return 0
        command.words.append(word)
        return 0

    def _assigns(self, word: Word) -> bool:
        """Tell whether a word is an assignment; what a value names is none."""
        match = _ASSIGNMENT.match(word.text)
        return match is not None and not any(char in self._markers for char in match[0])

    def _named_function(self) -> None:
        while self._text[self._at : self._at + 1] in (" ", "\t"):
            self._at += 1
        self._word()

    def _brackets(self, command: Command) -> None:
        starts = not command.words or command.words[0].text == "for"
        if self._text.startswith("((", self._at) and starts:
            self._at += 2
            self._arithmetic(Word())
            return
        self._at += 1
        command.group = not command.words
        if re.compile(r"\s*\)").match(self._text, self._at):
            command.words.clear()  # a function's name: its commands follow
        self.commands(")")

    def _comment(self) -> None:
        while self._at < len(self._text) and self._text[self._at] != "\n":
            if self._text[self._at] in self._markers:
                self._spot(Word(), Quote.COMMENT)
            else:
                self._at += 1

    # What is fed to commands

    def _redirection(self, command: Command) -> None:
        match = re.compile(r"<<<|<<-|<<|<\(|>\(|[<>]{1,2}[&|]?").match(self._text, self._at)
        operator = match[0] if match else self._text[self._at]
        self._at += len(operator)
        if operator in ("<(", ">("):
            output = Word(text=UNKNOWN)
            self._nested(output, ")")
            command.fed.append(output)
            return
        while self._text[self._at : self._at + 1] in (" ", "\t"):
            self._at += 1
        start = self._at
        word = self._word()
        if operator == "<<<":
            command.fed.append(word)
        elif operator.startswith("<<"):
            raw = any(char in "'\"\\" for char in self._text[start : self._at])
            document = HereDocument(
                name=word.text, delimiter=(start, self._at), raw=raw, tabs=operator == "<<-"
            )
            command.fed.append(document)
            self._waiting.append(document)

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
        at = self._at
        while at <= len(self._text):
            newline = self._text.find("\n", at)
            after = newline if newline >= 0 else len(self._text)
            line = self._text[at:after]
            if (line.lstrip("\t") if document.tabs else line) == document.name:
                return at, after
            if newline < 0:
                break
            at = after + 1
        raise NotShell

    def _body(self, document: HereDocument) -> None:
        quote = Quote.RAW if document.raw else Quote.HERE
        while self._at < len(self._text):
            char = self._text[self._at]
            if char in self._markers:
                self._spot(document, quote, document=document)
            elif document.raw or not self._expansion(document, char, quote):
                document.text += char
                self._at += 1
