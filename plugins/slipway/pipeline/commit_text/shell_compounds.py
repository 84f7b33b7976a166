"""Reads the commands of a shell's text: pipelines, groups, loops, branches, functions."""

from __future__ import annotations

import re

from slipway.pipeline.commit_text.shell_model import (
    CLOSERS,
    COMPOUNDS,
    OPENERS,
    Command,
    NotShell,
    Pipeline,
    Quote,
    Word,
)
from slipway.pipeline.commit_text.shell_words import WordReader

_BLANK = " \t\r"
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*(\[[^\]]*\])?\+?=")
_ESAC = re.compile(r"esac(?=[\s;&|)<>`]|$)")
# What may stand between a word that begins commands and the command.
_SKIPPED = {
    "time": re.compile(r"[ \t]+(?:-p|--)(?=[ \t])"),
    "coproc": re.compile(r"[ \t]+\w+(?=[ \t]+(?:[{(]|(?:if|while|until|for|case|select)\s))"),
}
_DO = re.compile(r"do(?=\s)")
# The program, so to speak, whose words are the elements of an array.
ARRAY = "=("


class CompoundReader(WordReader):
    """Reads commands; what is fed to them is for who derives from it."""

    def commands(self, stop: str, closer: str = "") -> bool:
        """Read commands up to a closing character or word, or to the end of the text.

        :returns: whether the word was there.
        """
        self._deeper()
        pipeline = [self._command()]
        while self._at < len(self._text):
            char = self._text[self._at]
            if stop and char == stop:
                self._at += 1
                return self._over(pipeline)
            if closer == "esac" and self._text.startswith((";;", ";&"), self._at):
                self._at += 3 if self._text.startswith(";;&", self._at) else 2
                return self._over(pipeline)
            if char in "\n;)" or (char == "&" and not self._text.startswith("&>", self._at)):
                self._separator(char)
                self._close(pipeline)
                pipeline = [self._command()]
            elif char == "|":
                pipeline = self._pipe(pipeline)
            elif self._item(pipeline[-1], char, closer):
                self._over(pipeline)
                return True
        if stop:
            raise NotShell
        return self._over(pipeline)

    def _over(self, pipeline: Pipeline) -> bool:
        self._close(pipeline)
        self._depth -= 1
        return False

    def _command(self) -> Command:
        return Command(at=self._at, first=len(self.found.pipelines))

    def _separator(self, char: str) -> None:
        if char == "\n":
            self.found.breaks.add(self._at)
        self._at += 1
        if char == "\n":
            self._here_documents()

    def _pipe(self, pipeline: Pipeline) -> Pipeline:
        if self._text.startswith("||", self._at):
            self._at += 2
            self._close(pipeline)
            return [self._command()]
        self._at += 2 if self._text.startswith("|&", self._at) else 1
        self._finish(pipeline[-1])
        self._lines()
        pipeline.append(self._command())
        return pipeline

    def _close(self, pipeline: Pipeline) -> None:
        self._finish(pipeline[-1])
        if any(one.words or one.fed or one.files or one.assigned or one.group for one in pipeline):
            self.found.pipelines.append(pipeline)

    def _finish(self, command: Command) -> None:
        command.end = self._at
        command.inner = self.found.pipelines[command.first :]

    # What a command consists of

    def _item(self, command: Command, char: str, closer: str) -> bool:
        """Read what a command goes on with; tell whether it is the word that closes."""
        if char in _BLANK:
            self._at += 1
        elif self._text.startswith("\\\n", self._at):
            self._at += 2
        elif char == "#":
            self._comment()
        elif char in "<>&":
            self._redirection(command)
        elif char == "(":
            self._brackets(command)
        else:
            return self._word_of(command, closer)
        return False

    def _word_of(self, command: Command, closer: str) -> bool:
        start = self._at
        word = self._word()
        raw = self._text[start : self._at]
        if not raw:
            raise NotShell
        if not command.words and not command.assigned:
            if closer and raw == closer:
                return True
            if raw in OPENERS or raw in COMPOUNDS or raw in CLOSERS or raw == "function":
                self._keyword(command, raw)
                return False
        if self._text[self._at : self._at + 1] in ("<", ">") and re.fullmatch(r"\d+|\{\w+\}", raw):
            self._redirection(command, raw)
            return False
        if self._assigns(word):
            if raw.endswith("=") and self._text.startswith("(", self._at):
                self._array()
            if not command.words:
                command.assigned.append(word)
                return False
        command.words.append(word)
        return False

    def _keyword(self, command: Command, raw: str) -> None:
        if raw == "function":
            self._blanks()
            command.function = self._word().text
        elif raw in _SKIPPED:
            if passed := _SKIPPED[raw].match(self._text, self._at):
                self._at = passed.end()
        elif raw in CLOSERS:
            # What it closes began elsewhere, so all there was may be part of it.
            command.first, command.group = 0, True
        elif raw in COMPOUNDS:
            self._deeper()
            command.group = True
            self._compound(raw)
            self._depth -= 1

    def _compound(self, raw: str) -> None:
        if raw == "case":
            self._case()
            return
        if raw in ("for", "select"):
            self._blanks()
            if self._text.startswith("((", self._at):
                self._at += 2
                self._arithmetic(Word())
            else:
                self._header(raw)
        self.commands("", COMPOUNDS[raw])

    def _header(self, name: str) -> None:
        """Read what a loop goes over, which is text."""
        command = self._command()
        command.words.append(Word(text=name))
        while self._at < len(self._text) and self._text[self._at] not in "\n;&|)":
            if len(command.words) == 2 and _DO.match(self._text, self._at):
                break
            self._item(command, self._text[self._at], "")
        self._close([command])

    def _case(self) -> None:
        header = self._command()
        header.words.append(Word(text="case"))
        self._lines()
        header.words.append(self._word())
        self._close([header])
        self._lines()
        if self._word().text != "in":
            raise NotShell
        while self._at < len(self._text):
            self._lines(ends_command=True)
            if end := _ESAC.match(self._text, self._at):
                self._at = end.end()
                return
            if self._at == len(self._text):
                return
            self._patterns()
            if self.commands("", "esac"):
                return

    def _patterns(self) -> None:
        """Read the patterns of a branch, which are text."""
        command = self._command()
        command.words.append(Word(text="case"))
        if self._text.startswith("(", self._at):
            self._at += 1
        depth = 0
        while self._at < len(self._text):
            char = self._text[self._at]
            if char == ")" and not depth:
                self._at += 1
                self._close([command])
                return
            if char in "|()" or char in _BLANK:
                self._at += 1
                depth += (char == "(") - (char == ")")
                continue
            start = self._at
            command.words.append(self._word())
            if self._at == start:
                raise NotShell
        raise NotShell

    def _array(self) -> None:
        """Read the elements of an array."""
        command = self._command()
        command.words.append(Word(text=ARRAY))
        self._at += 1
        while self._at < len(self._text):
            self._lines()
            if self._text.startswith(")", self._at):
                self._at += 1
                self._close([command])
                return
            start = self._at
            command.words.append(self._word())
            if self._at == start:
                raise NotShell
        raise NotShell

    def _assigns(self, word: Word) -> bool:
        """Tell whether a word is an assignment; what a value names is none."""
        match = _ASSIGNMENT.match(word.text)
        return match is not None and not any(char in self._markers for char in match[0])

    def _brackets(self, command: Command) -> None:
        if self._text.startswith("((", self._at) and not command.words:
            self._at += 2
            self._arithmetic(Word())
            return
        self._at += 1
        if empty := re.compile(r"[ \t]*\)").match(self._text, self._at):
            # A function's name: its commands follow.
            command.function = command.words[-1].text if command.words else command.function
            command.words.clear()
            self._at = empty.end()
            self._lines()
            return
        command.group = command.group or not command.words
        self.commands(")")

    # What is no command

    def _blanks(self) -> None:
        while self._text[self._at : self._at + 1] in (" ", "\t"):
            self._at += 1

    def _lines(self, *, ends_command: bool = False) -> None:
        """Pass over blanks, line ends and comments.

        :param ends_command: another command may stand there.
        """
        while self._at < len(self._text):
            char = self._text[self._at]
            if char == "#":
                self._comment()
            elif char == "\n":
                if ends_command:
                    self.found.breaks.add(self._at)
                self._at += 1
                self._here_documents()
            elif char in _BLANK:
                self._at += 1
            elif self._text.startswith("\\\n", self._at):
                self._at += 2
            else:
                return

    def _comment(self) -> None:
        while self._at < len(self._text) and self._text[self._at] != "\n":
            if self._text[self._at] in self._markers:
                self._spot(Word(), Quote.COMMENT)
            else:
                self._at += 1

    def _redirection(self, command: Command, descriptor: str = "") -> None:
        raise NotImplementedError

    def _here_documents(self) -> None:
        raise NotImplementedError
