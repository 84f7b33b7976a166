"""Whether a program that is not known may run what it is told."""

from __future__ import annotations

import re
from collections.abc import Sequence

from slipway.pipeline.commit_text import programs
from slipway.pipeline.commit_text.program_words import program_name
from slipway.pipeline.commit_text.shell_model import Word

# Parts of the names of options, and of other words, that speak of something that is run.
_IN_OPTIONS = frozenset(
    {
        "action",
        "askpass",
        "call",
        "callback",
        "cmd",
        "cmds",
        "code",
        "command",
        "commands",
        "each",
        "editor",
        "eval",
        "evaluate",
        "exec",
        "execute",
        "expr",
        "expression",
        "filter",
        "foreach",
        "handler",
        "hook",
        "invoke",
        "opener",
        "pager",
        "program",
        "query",
        "renderer",
        "rsh",
        "run",
        "runner",
        "script",
        "scripts",
        "shell",
        "spawn",
        "ssh",
        "startup",
        "system",
        "vars",
    }
)
_IN_WORDS = frozenset(
    {
        "call",
        "cmd",
        "command",
        "commands",
        "console",
        "each",
        "eval",
        "evaluate",
        "exec",
        "execute",
        "filter",
        "foreach",
        "invoke",
        "keys",
        "query",
        "repl",
        "run",
        "runner",
        "shell",
        "spawn",
        "ssh",
        "system",
        "tinker",
    }
)
# `-c`, `-lc`, `-e`; and such with its word at once.
_SHORT = re.compile(r"-(?:[A-Za-z]{0,2}[ceE]|[ceExr][A-Za-z]?)")
_ATTACHED = re.compile(r"-[ceEIxr](?![a-z]{3})")
_SHELL_LINE = re.compile(r"(?:\S*/)?(?:ba|da|z|k|a)?sh\s+-")
_LINE = re.compile(
    r"(?:\S*/)?(?:echo|printf|touch|cd|rm|cp|mv|mkdir|chmod|cat|export|curl|wget|eval|exec|sudo|ssh|"
    r"(?:ba|da|z|k|a)?sh|python\d?|perl|node|ruby)\s|.*(?:&&|\|\|)",
    re.DOTALL,
)


def is_suspicious(name: str, words: Sequence[Word]) -> bool:
    """Tell whether a program, given these words, may run one of them.

    :param name: of the program.
    :param words: behind its name.
    """
    if any(_names_code(word) for word in words):
        return True
    own = programs.OWN_SUSPICION.get(name)
    if own is not None:
        return any(_head(word) in own for word in words)
    return any(_speaks_of_code(word) for word in words)


def _head(word: Word) -> str:
    return word.text.partition("=")[0]


def _names_code(word: Word) -> bool:
    """Tell whether a word is the name of a program that runs code, or a line of a script."""
    if not re.search(r"\s", word.text):
        return program_name(word) in programs.CODE
    holds = word.spots or word.inner
    return bool(_SHELL_LINE.match(word.text) or (holds and _LINE.match(word.text)))


def _speaks_of_code(word: Word) -> bool:
    head = _head(word)
    if re.search(r"\s", head):
        return False
    parts = set(re.split(r"[-:_]", head.lower()))
    if not head.startswith("-"):
        return not _IN_WORDS.isdisjoint(parts)
    if _SHORT.fullmatch(head) or ((word.spots or word.inner) and _ATTACHED.match(head)):
        return True
    return not _IN_OPTIONS.isdisjoint(parts)
