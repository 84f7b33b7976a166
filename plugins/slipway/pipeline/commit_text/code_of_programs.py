"""Whether a value can be anything but text within the code of a program that is no shell."""

from __future__ import annotations

import re

from slipway.pipeline.commit_text.nested_code import Code, Language

# Words, numbers, addresses and paths: no program of these runs more than words can.
_WORDS = re.compile(r"[\w .,:@%+=/-]*")
# What ends a string, or is read within one, in any of the languages.
_NOT_IN_STRINGS = re.compile(r"[\"'\\`$@#{}]|[^\S ]")
_RUNS = re.compile(
    r"system|exec|popen|spawn|eval|getline|subprocess|child_process|passthru|proc_open|open|pty|%x|`|"
    r"\|&?\s*[\"']"
)
# Where `s/.../.../` begins in a sed program, and what else in one runs a command.
_SUBSTITUTE = re.compile(r"(?:^|[\s;{}\d,$!/|])s([^\w\s\\])")
_SED_RUNS = re.compile(r"(?:^|[;{}\s\d$])e(?:[\s;}]|$)")
# Languages in which nothing runs without quotes or a dollar.
_QUIET = frozenset({"awk", "jq", "yq", "psql", "mysql", "mariadb", "clickhouse-client"})
_ENVIRONMENT = {
    "awk": 'ENVIRON["{}"]', "python": 'os.environ["{}"]', "pypy": 'os.environ["{}"]',
    "perl": "$ENV{{{}}}", "ruby": 'ENV["{}"]', "node": "process.env.{}", "nodejs": "process.env.{}",
    "php": 'getenv("{}")', "jq": "env.{}", "yq": "strenv({})", "lua": 'os.getenv("{}")',
    "make": "$$$${} in a recipe", "gmake": "$$$${} in a recipe",
}  # fmt: skip


def is_text(value: str, code: str, marker: str, claim: Code) -> bool:
    """Tell whether a value, at its place in a stretch of code, is text for whoever reads it.

    :param code: the stretch, with the marker in it.
    """
    if marker not in code:
        return False
    before, _, after = code.partition(marker)
    match claim.language:
        case Language.SED:
            return _in_a_substitution(value, before, after)
        case Language.PROGRAM:
            return _in_a_string(value, before, claim, code)
        case Language.WORDS | Language.FAR_SHELL:
            return bool(_WORDS.fullmatch(value))
        case _:
            return False


def _in_a_substitution(value: str, before: str, after: str) -> bool:
    """Tell whether a value is within ``s/.../.../``, ends neither of its halves, and is not run."""
    at = 0
    while command := _SUBSTITUTE.search(before, at):
        mark, passed = command[1], _places(before[command.end() :], command[1])
        if len(passed) < 2:
            closing = _places(after, mark)
            flags = re.match(r"\w*", after[closing[-1] + 1 :]) if closing else None
            runs = (flags and "e" in flags[0]) or _SED_RUNS.search(f"{before} {after}")
            return not runs and mark not in value and not re.search(r"[\\&\n\r]", value)
        at = command.end() + passed[1] + 1
    return False


def _places(text: str, mark: str) -> list[int]:
    """List the first places of a mark, at most two, that no backslash is before."""
    found = [match.start() for match in re.finditer(r"\\.|.", text, re.DOTALL) if match[0] == mark]
    return found[:2]


def _in_a_string(value: str, before: str, code: Code, whole: str) -> bool:
    """Tell whether a value is within a string, and can only be text in it."""
    open_quote = ""
    for char in re.sub(r"\\.", "", before, flags=re.DOTALL):
        if not open_quote and char in "\"'":
            open_quote = char
        elif char == open_quote:
            open_quote = ""
    if not open_quote or _NOT_IN_STRINGS.search(value):
        return False
    runs = _RUNS.search(whole)
    if runs and before[-1:] == open_quote:
        return False  # it would be the command
    quiet = code.program in _QUIET and not runs
    return quiet or bool(_WORDS.fullmatch(value))


def advice_for(claim: Code, name: str) -> str:
    """Say how to hand a value over as text.

    :param name: of the variable that has it.
    """
    match claim.language:
        case Language.UNQUOTED:
            return "put it in double quotes, behind `--` or an option"
        case Language.COMMAND | Language.FED:
            return f'let a command be told it as a word: "${name}"'
        case Language.FAR_SHELL:
            return (
                f"the variables are not there; send it along: printenv {name} | {claim.program} ..."
            )
        case Language.SED:
            return f'use awk, which can read it: ENVIRON["{name}"]'
        case Language.SHELL:
            return f'let the script read its variable: "$$${name}" in single quotes'
        case _:
            pattern = _ENVIRONMENT.get(claim.program)
            read = pattern.format(name) if pattern else f"its variable {name}"
            return f"let {claim.program} read it from its environment: {read}"
