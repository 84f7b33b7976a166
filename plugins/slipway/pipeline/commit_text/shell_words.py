"""Reads the words of a shell's text: quotes, expansions, and the markers in them."""

from __future__ import annotations

import re
from collections.abc import Container

from slipway.pipeline.commit_text.shell_model import (
    UNKNOWN,
    HereDocument,
    NotShell,
    Quote,
    ShellText,
    Spot,
    Word,
)

# Brackets within brackets.
_DEEPEST = 40
_ENDS_WORD = " \t\r\n;&|<>()"
_NAME = re.compile(r"[A-Za-z_]\w*|[0-9@*#?$!-]")
# What stands before the word of `${name:-word}`.
_PARAMETER = re.compile(r"([#!]?)([A-Za-z_]\w*|\d+|[@*#?$!-])")
# Characters that mean nothing in each kind of quotes; a marker is none of them.
_ORDINARY = {
    Quote.BARE: re.compile(r"[\w.,:=@%+/-]+", re.ASCII),
    Quote.SINGLE: re.compile("[^'\U000f0000-\U0010ffff]+"),
    Quote.DOUBLE: re.compile("[^\"'\\\\$`\U000f0000-\U0010ffff]+"),
    Quote.ANSI: re.compile("[^'\\\\\U000f0000-\U0010ffff]+"),
    Quote.HERE: re.compile("[^\\\\$`\U000f0000-\U0010ffff]+"),
    Quote.RAW: re.compile("[^\U000f0000-\U0010ffff]+"),
}
# The escapes of `$'...'` whose meaning is a character of its own.
_ANSI = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "a": "\a",
    "b": "\b",
    "e": "\x1b",
    "E": "\x1b",
    "f": "\f",
    "v": "\v",
    "\\": "\\",
    "'": "'",
    '"': '"',
    "?": "?",
}


class WordReader:
    """Reads words, from where it stands in a text.

    :param text: the whole of it.
    :param markers: the characters that hold the values' places.
    """

    def __init__(self, text: str, markers: Container[str]) -> None:
        self.found = ShellText()
        self._text = text
        self._markers = markers
        self._at = 0
        self._backquotes = 0
        self._depth = 0

    def commands(self, stop: str, closer: str = "") -> bool:
        """Read commands up to a closing character or word, or to the end of the text."""
        raise NotImplementedError

    def _deeper(self) -> None:
        """Count what is within something else.

        :raises NotShell: when somebody is playing.
        """
        self._depth += 1
        if self._depth > _DEEPEST:
            raise NotShell

    def _word(self) -> Word:
        word = Word()
        while self._at < len(self._text) and self._text[self._at] not in _ENDS_WORD:
            char = self._text[self._at]
            if char == "`" and self._backquotes:
                break
            if self._ordinary(word, Quote.BARE):
                continue
            if char in self._markers:
                self._spot(word, Quote.BARE)
            elif char == "'":
                self._at += 1
                self._quoted(word, "'", Quote.SINGLE)
            elif char == '"':
                self._at += 1
                self._quoted(word, '"', Quote.DOUBLE)
            elif not self._expansion(word, char, Quote.BARE):
                word.text += char
                self._at += 1
        return word

    def _quoted(self, word: Word, end: str, quote: Quote) -> None:
        while self._at < len(self._text):
            char = self._text[self._at]
            if char == end:
                self._at += 1
                return
            if self._ordinary(word, quote):
                continue
            if char in self._markers:
                self._spot(word, quote)
            elif quote is Quote.SINGLE or not self._expansion(word, char, quote):
                word.text += char
                self._at += 1
        raise NotShell

    def _ordinary(self, word: Word, quote: Quote) -> bool:
        """Read characters that mean nothing, as many as there are."""
        match = _ORDINARY[quote].match(self._text, self._at)
        if match is None:
            return False
        word.text += match[0]
        self._at = match.end()
        return True

    def _expansion(self, word: Word, char: str, quote: Quote) -> bool:
        """Read what a shell does not take as it stands; false where it is only a character."""
        if char == "\\":
            self._backslash(word, quote)
        elif quote is Quote.ANSI:
            return False
        elif char == "`":
            self._at += 1
            self._backquotes += 1
            self._nested(word, "`")
            self._backquotes -= 1
        elif char == "$":
            return self._dollar(word, quote)
        else:
            return False
        return True

    def _backslash(self, word: Word, quote: Quote) -> None:
        following = self._text[self._at + 1 : self._at + 2]
        self._at += 1
        if following and following in self._markers:
            self._spot(word, quote, escaped=True)
            return
        if quote is Quote.ANSI:
            if following not in _ANSI:
                raise NotShell  # a character by its number: nobody needs one before a value
            word.text += _ANSI[following]
            self._at += 1
            return
        kept = {Quote.DOUBLE: '$`"\\\n', Quote.HERE: "$`\\\n"}.get(quote)
        if kept is not None and following not in kept:
            word.text += "\\"
            return
        word.text += "" if following == "\n" else following
        self._at += 1

    def _dollar(self, word: Word, quote: Quote) -> bool:
        rest = self._text[self._at + 1 : self._at + 3]
        if rest.startswith("(("):
            self._at += 3
            self._arithmetic(word)
        elif rest.startswith("("):
            self._at += 2
            self._nested(word, ")")
        elif rest.startswith("{"):
            self._at += 2
            self._parameter(word, quote)
        elif rest.startswith("["):
            self._at += 2
            self._arithmetic(word, "[]", 1)  # as shells wrote it long ago
        elif rest.startswith("'") and quote is Quote.BARE:
            self._at += 2
            self._quoted(word, "'", Quote.ANSI)
            return True
        elif name := _NAME.match(self._text, self._at + 1):
            self._at = name.end()
        else:
            return False
        word.text += UNKNOWN
        return True

    def _nested(self, word: Word, stop: str) -> None:
        known = len(self.found.spots)
        self.commands(stop)
        word.inner += self.found.spots[known:]
        if stop == "`":
            word.text += UNKNOWN

    def _parameter(self, word: Word, quote: Quote) -> None:
        """Read ``${...}``; values in it are not in the word's text, but come into the word."""
        held = Word()
        self._deeper()
        if match := _PARAMETER.match(self._text, self._at):
            self._at = match.end()
            if match[1] == "!" or self._text.startswith("@", self._at):
                self.found.computed.add(match[2])
                self.found.arithmetic.append(self._at)
            self._computed_part(held)
        while self._at < len(self._text):
            char = self._text[self._at]
            if char == "}":
                self._at += 1
                self._depth -= 1
                word.inner += [*held.spots, *held.inner]
                return
            if char in self._markers:
                self._spot(held, Quote.DOUBLE)
            elif char == '"':
                self._at += 1
                self._quoted(held, '"', Quote.DOUBLE)
            elif char == "'" and quote is Quote.BARE:
                self._at += 1
                self._quoted(held, "'", Quote.SINGLE)
            elif not self._expansion(held, char, Quote.DOUBLE):
                self._at += 1
        raise NotShell

    def _computed_part(self, held: Word) -> None:
        """Read the index and the slice of ``${name[index]:from:count}``, which are computed."""
        if self._text.startswith("[", self._at):
            self._at += 1
            self._arithmetic(held, "[]", 1)
        following = self._text[self._at : self._at + 2]
        if following[:1] == ":" and following[1:] not in ("-", "=", "?", "+"):
            start = self._at
            while self._at < len(self._text) and self._text[self._at] != "}":
                char = self._text[self._at]
                if char in self._markers:
                    self._spot(held, Quote.ARITHMETIC)
                elif not self._expansion(held, char, Quote.DOUBLE):
                    self._at += 1
            self._names(start)

    def _arithmetic(self, word: Word, brackets: str = "()", depth: int = 2) -> None:
        start = self._at
        while self._at < len(self._text):
            char = self._text[self._at]
            if char in self._markers:
                self._spot(word, Quote.ARITHMETIC)
                continue
            self._at += 1
            depth += (char == brackets[0]) - (char == brackets[1])
            if depth == 0:
                self._names(start)
                return
        raise NotShell

    def _names(self, start: int) -> None:
        """Keep the names in what is computed, up to here."""
        names = re.compile(r"[A-Za-z_]\w*")
        self.found.arithmetic.append(start)
        self.found.computed.update(names.findall(self._text, start, self._at))

    def _spot(
        self,
        word: Word,
        quote: Quote,
        *,
        escaped: bool = False,
        document: HereDocument | None = None,
    ) -> None:
        marker = self._text[self._at]
        spot = Spot(
            marker=marker,
            at=self._at,
            quote=quote,
            escaped=escaped,
            backquoted=self._backquotes > 0,
            document=document,
        )
        word.spots.append(spot)
        word.text += marker
        self.found.spots.append(spot)
        self._at += 1
