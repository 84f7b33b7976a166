"""Reading a command or a pattern takes steps that grow with its length alone; they are counted."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from slipway.exceptions import PipelineFileError
from slipway.pipeline.compiler.script import with_variables
from slipway.pipeline.yaml import globs
from slipway.pipeline.yaml.substitution import substitute

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

M = "${DRONE_COMMIT_MESSAGE}"
COMMANDS: dict[str, Callable[[int], str]] = {
    "substitutions of sed": lambda size: "sed '" + "s/a/b/;" * size + f"s/a/{M}/' f",
    "what looks like them": lambda size: f"sed 's/a/{' s/' * size}{M}/' f",
    "values in one": lambda size: f"sed 's/a/{(M + ' ') * size}/' f",
    "strings": lambda size: (
        f"python3 -c 'print(\"{'a ' * size}\", {(chr(34) + M + chr(34) + ',') * size})'"
    ),
    "a far script": lambda size: "ssh host 'echo " + f'"{M}" ' * size + "'",
    "a script within": lambda size: 'sh -c "echo ' + f"'{M}' " * size + '"',
    "words": lambda size: "notify " + f'"{M}" ' * size,
    "pipes": lambda size: f'echo "{M}"' + " | cat" * size,
    "groups": lambda size: f'{{ echo "{M}"; }} | cat\n' * size,
    "here-documents": lambda size: f"cat <<E\n{M}\nE\n" * size,
    "brackets": lambda size: "( echo a )\n" * size + f'echo "{M}"',
    "text": lambda size: f"echo '{'a' * 100 * size}' \"{M}\"",
}


def steps(work: Callable[[], object]) -> int:
    """Count the lines of our own code that are executed."""
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        if "slipway" not in frame.f_code.co_filename:
            return None
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        with suppress(PipelineFileError):
            work()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("kind", COMMANDS)
def test_a_command_twice_as_long_takes_twice_the_steps(kind: str) -> None:
    variables = {"DRONE_COMMIT_MESSAGE": "x y"}

    def work(size: int) -> int:
        command = COMMANDS[kind](size)
        return steps(lambda: with_variables([command], variables))

    work(5)
    assert work(100) < 2.6 * work(50)


@pytest.mark.parametrize("word", ["env", "xargs", "nice", "find . -exec"])
def test_commands_within_commands_have_a_limit(word: str) -> None:
    with pytest.raises(PipelineFileError, match="within one another"):
        with_variables([f"{word} " * 5000 + f'echo "{M}"'], {"DRONE_COMMIT_MESSAGE": "x y"})


def test_a_pattern_looks_at_each_kind_of_place_once_for_a_character() -> None:
    message = "".join(chr(0x4E00 + number) for number in range(100))

    def work(size: int) -> int:
        return steps(lambda: substitute("${M##" + "*a" * size + "}", {"M": message}))

    work(5)
    assert work(1000) < 2.6 * work(500)


def test_a_pattern_of_a_shell_has_a_limit() -> None:
    with pytest.raises(globs.PatternTooComplex, match="4000 is the limit"):
        substitute("${M##" + "*a" * 2001 + "}", {"M": "a"})
