"""All that is code in a script, and in the words that a container is given."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from slipway.pipeline.commit_text import programs
from slipway.pipeline.commit_text.argument_use import functions_of
from slipway.pipeline.commit_text.executed_variables import is_executed
from slipway.pipeline.commit_text.feeding import code_in
from slipway.pipeline.commit_text.known_programs import of_unknown
from slipway.pipeline.commit_text.nested_code import arguments
from slipway.pipeline.commit_text.nested_language import Code, Language, handed
from slipway.pipeline.commit_text.program_words import assigns, holds_value, is_option, program_name
from slipway.pipeline.commit_text.shell_model import UNKNOWN, Command, ShellText, Word

_DECLARE = ("declare", "typeset", "export", "local", "readonly", "env")
_NAME = re.compile(r"[A-Za-z_]\w*")


def claims_in(found: ShellText) -> list[Code]:
    """List the code in a script."""
    commands = [command for pipeline in found.pipelines for command in pipeline]
    computed = found.computed | {name for one in commands for name in _computed(one)}
    all_computed = any(map(_makes_numbers, commands))
    functions = functions_of(found)
    codes: list[Code] = []
    for pipeline in found.pipelines:
        codes += (one for one in code_in(pipeline) if not _of_function(one, functions))
    for command in commands:
        if command.words and functions.get(command.words[0].text):
            codes += handed(command.words[0].text, command.words[1:])
        if command.words and program_name(command.words[0]) in programs.NEVER_TEXT:
            # Variables of the environment are variables of a makefile.
            codes += handed(command.words[0].text, command.assigned)
        for name, word in _assigned(command):
            if is_executed(name):
                codes += handed(name, (word,))
            elif all_computed or name in computed:
                codes.append(Code(language=Language.COMMAND, program="the shell", words=(word,)))
    return codes


def image_claims(words: Sequence[Word]) -> list[Code]:
    """List the code in the words that an image's own program is given."""
    if not words:
        return []
    name = program_name(words[0])
    if name in programs.SHELLS or name in programs.INTERPRETERS:
        return [*arguments(words)]
    if words[0].text in ("-c", "-ec", "-lc") and not holds_value(words[0]):
        # If it is a shell. For any other, there is a reference in place of the text.
        script = Code(language=Language.SHELL, program="a shell", words=tuple(words[1:2]))
        return [script, *of_unknown(UNKNOWN, words[2:])]
    return [*arguments(words), *of_unknown("the image's program", words)]


def _of_function(code: Code, functions: Mapping[str, bool]) -> bool:
    """Tell whether words are text since a function of the script's own is told them."""
    return code.language is Language.UNQUOTED and code.program in functions


def _assigned(command: Command) -> Iterator[tuple[str, Word]]:
    """Yield the variables that a command gives values of the commit, and the words that do so."""
    words = list(command.assigned)
    if command.words and command.words[0].text in _DECLARE:
        words += filter(assigns, command.words[1:])
    if command.words and command.words[0].text in ("for", "select"):
        named = command.words[1:2]
        for word in filter(holds_value, command.words[2:]):
            yield (named[0].text if named else ""), word
    for word in filter(holds_value, words):
        name = _NAME.match(word.text)
        yield (name[0] if name else ""), word


def _computed(command: Command) -> Iterator[str]:
    """Yield the names in the words of a command that are computed."""
    if not command.words:
        return
    name = command.words[0].text
    texts = [word.text for word in command.words[1:]]
    if name == "let" or (name == "[[" and not programs.ARITHMETIC.isdisjoint(texts)):
        for text in texts:
            yield from _NAME.findall(text)


def _makes_numbers(command: Command) -> bool:
    """Tell whether a command makes variables whose values are computed."""
    return (
        bool(command.words)
        and command.words[0].text in _DECLARE[:-1]
        and any(
            is_option(word) and re.fullmatch(r"-[a-zA-Z]*[in][a-zA-Z]*", word.text)
            for word in command.words[1:]
        )
    )
