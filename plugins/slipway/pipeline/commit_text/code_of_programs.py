"""Whether a value can be anything but text within the code of a program that is no shell."""

from __future__ import annotations

import re
from functools import lru_cache

from slipway.pipeline.commit_text import programs
from slipway.pipeline.commit_text.nested_language import Code, Language
from slipway.pipeline.commit_text.sed_program import read_sed

_PRIVATE = "\U000f0000"
# Words, numbers, addresses and paths: no program of these runs more than words can.
_WORDS = re.compile(r"[\w .,:@%+=/-]*")
# What ends a string, or is read within one, in any of the languages.
_NOT_IN_STRINGS = re.compile(r"[\"'\\`$@#{}]|[^\S ]")
_RUNS = re.compile(
    r"system|exec|popen|spawn|eval|getline|subprocess|child_process|passthru|proc_open|pty\.|"
    r"import_module|%x|`|\bprogram\b|edit\s*\(|load_extension|\.shell|\\!",
    re.IGNORECASE,
)
_PIPES = re.compile(r"(?<!\|)\|(?!\|)")
# Languages in which nothing runs without quotes or a dollar.
_DATABASES = frozenset(programs.CLIENTS)
_QUIET = frozenset({"awk", "jq", "yq", *_DATABASES})
# Those whose strings may have any character for a quote.
_ANY_QUOTE = frozenset({"perl", "ruby", "elixir", "groovy", "scala", "ghc", "julia"})
# What is outside strings: a comment, a pattern, a quote of another kind.
_ODD = {
    **dict.fromkeys(_DATABASES, re.compile(r"--|[#/$\\`]")),
    "awk": re.compile(r"[#\\`@]"),
    "jq": re.compile(r"[#\\`@]"),
    "yq": re.compile(r"[#\\`]"),
    "python": re.compile(r"[#\\`]|(?<![\w])[rRbB]?[fFtT][rRbB]?(?=[\"'])"),
    "lua": re.compile(r"--|\[[\[=]|\\"),
}
_ODD_ELSEWHERE = re.compile(r"//|/\*|[#\\`]|<<<")
# A pattern between slashes, without anything that could be a quote.
_PATTERN = re.compile(r"/(?:\\[^\"'\n]|[^/\"'\\\n\[])*/")
# A line for the client itself, which reads quotes in its own way.
_CLIENTS_OWN = re.compile(r"^\s*\.\w", re.MULTILINE)
_IN_STRING = re.compile(r"\\.|[$#]\{|\{\$|\$\(|[\"']|.", re.DOTALL)
_ENVIRONMENT = {
    "awk": 'ENVIRON["{}"]',
    "python": 'os.environ["{}"]',
    "pypy": 'os.environ["{}"]',
    "perl": "$ENV{{{}}}",
    "ruby": 'ENV["{}"]',
    "node": "process.env.{}",
    "nodejs": "process.env.{}",
    "php": 'getenv("{}")',
    "jq": "env.{}",
    "yq": "strenv({})",
    "lua": 'os.getenv("{}")',
    "make": "$$$${} in a recipe",
    "gmake": "$$$${} in a recipe",
}


def is_text(value: str, marker: str, claim: Code) -> bool:
    """Tell whether a value, at its place in a stretch of code, is text for whoever reads it.

    :param value: of a commit.
    :param marker: that holds the place.
    :param claim: the stretch of code.
    """
    match claim.language:
        case Language.SED:
            return _in_a_substitution(value, marker, claim.text)
        case Language.PROGRAM:
            return _in_a_string(value, marker, claim)
        case Language.FORMAT:
            return "%" not in value and not (value[:1] == "-" and claim.text.startswith(marker))
        case Language.TESTED:
            return value not in ("-v", "-R")
        case _:
            return False


def is_words(value: str) -> bool:
    """Tell whether a value is nothing but words, numbers, addresses and paths."""
    return bool(_WORDS.fullmatch(value))


def runs_input(program: str, code: str) -> bool:
    """Tell whether the code of a program runs what it reads.

    :param program: that reads the code.
    :param code: that it is given.
    """
    if program == "sed":
        return read_sed(code).runs
    return program == "awk" and _runs(code, program)


@lru_cache(maxsize=64)
def _runs(code: str, program: str) -> bool:
    return bool(_RUNS.search(code) or (program == "awk" and _PIPES.search(code)))


def _in_a_substitution(value: str, marker: str, code: str) -> bool:
    """Tell whether a value is within ``s/.../.../``, ends neither of its halves, and is not run."""
    program = read_sed(code)
    place = program.places.get(marker)
    if place is None or program.runs or place.mark in value:
        return False
    return not re.search(r"[\\&\n\r\[\]]" if place.pattern else r"[\\&\n\r]", value)


def _in_a_string(value: str, marker: str, claim: Code) -> bool:
    """Tell whether a value is within a string, and can only be text in it."""
    program = claim.program
    if program in _ANY_QUOTE or marker not in _strings(claim.text, program):
        return False
    if _runs(claim.text, program):
        return False
    if program in _QUIET:
        return not _NOT_IN_STRINGS.search(value)
    return is_words(value)


@lru_cache(maxsize=64)
def _strings(code: str, program: str) -> frozenset[str]:
    """Return the markers that are within strings, as far as the code is plainly written."""
    odd = _ODD.get("python" if program == "pypy" else program, _ODD_ELSEWHERE)
    slashes = program not in ("python", "pypy", "jq", "yq", "lua", "R", "Rscript")
    found, at = set[str](), 0
    if program in _DATABASES and _CLIENTS_OWN.search(code):
        return frozenset()
    while at < len(code):
        char = code[at]
        if char in "\"'":
            at = _string(code, at + 1, char, found, program)
            if at < 0:
                break
        elif odd.match(code, at):
            break
        elif char == "/" and slashes:
            pattern = _PATTERN.match(code, at)
            if pattern is None or re.search(f"[{_PRIVATE}-\U0010ffff]", pattern[0]):
                break
            at = pattern.end()
        else:
            at += 1
    return frozenset(found)


def _string(code: str, at: int, quote: str, found: set[str], program: str) -> int:
    """Read a string to its end; -1 where something else than text may be in it."""
    while at < len(code):
        match = _IN_STRING.match(code, at)
        part = match[0] if match else code[at]
        at += len(part)
        if part == quote:
            return at
        if len(part) > 1 and (part[0] != "\\" or program in _DATABASES or part == "\\("):
            return -1
        if part >= _PRIVATE:
            found.add(part)
    return -1


def advice_for(claim: Code, name: str) -> str:
    """Say how to hand a value over as text.

    :param claim: the code that the value would be part of.
    :param name: of the variable that has it.
    """
    match claim.language:
        case Language.UNQUOTED | Language.FORMAT:
            return "put it in double quotes, behind `--` or an option; for printf, behind '%s'"
        case Language.COMMAND | Language.FED | Language.TESTED:
            return f'let a command be told it as a word: "${name}"'
        case Language.HANDED:
            return (
                f"let what {claim.program} runs read its variable, {name}, or call a script of the "
                "repository that does"
            )
        case Language.FAR_SHELL:
            return (
                f"the variables are not there; send it along: printenv {name} | {claim.program} ..."
            )
        case Language.SED:
            return f'use awk, which can read it: ENVIRON["{name}"]'
        case Language.SHELL:
            return f'let the script read its variable: "$$${name}" in single quotes'
        case _ if claim.program == "go":
            return f"write {name} into a file that the program embeds"
        case _:
            pattern = _ENVIRONMENT.get(claim.program)
            read = pattern.format(name) if pattern else f"its variable {name}"
            return f"let {claim.program} read it from its environment: {read}"
