"""``${DRONE_TAG##v}``: parameters of a pipeline file that are replaced before it runs.

The forms are those of docs.drone.io/pipeline/environment/substitution: ``${V}``, ``${#V}``,
``${V^}`` ``${V^^}`` ``${V,}`` ``${V,,}``, ``${V:position}`` ``${V:position:length}``,
``${V#p}`` ``${V##p}`` ``${V%p}`` ``${V%%p}``, ``${V/old/new}`` ``${V//old/new}``
``${V/#old/new}`` ``${V/%old/new}``, ``${V=word}`` ``${V:=word}`` ``${V:-word}``. Words may hold
further forms. Besides, in all the text around them, two dollars are one, so that ``$${V}`` stands
for ``${V}`` itself, and a backslash before another one or before a slash is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial

from slipway.exceptions import PipelineFileError
from slipway.pipeline.yaml.globs import shell_pattern

# A name may have a dash in it, or begin with a digit: such a variable is never there.
_NAME = re.compile(r"[\w-]+")
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# What is looked at: an escaped character, or the beginning of a form.
_TOKEN = re.compile(r"\$\$|\$\{|\\[\\/]")
_BRACE = re.compile(r"\$\{|\}")
# Where a replacement's words part, and what is escaped within them.
_WORD_PART = re.compile(r"\$\$|\\[\\/]|\$\{|\}|/|[^$\\{}/]+|.", re.DOTALL)
_OPERATORS = (
    "^^",
    "^",
    ",,",
    ",",
    "##",
    "#",
    "%%",
    "%",
    "//",
    "/#",
    "/%",
    "/",
    ":=",
    ":-",
    "=",
    ":?",
    ":+",
    ":",
)
# A form within a form within a form; deeper is somebody playing.
_DEEPEST = 8
# Characters that one text may come to, and that all texts of a file may.
LONGEST, LONGEST_OF_ALL = 100_000, 4 << 20

Lookup = Callable[[str], str]
Replace = Callable[[str, str], str]


class BadSubstitution(ValueError):
    """``${`` that is not followed by one of the known forms."""


class SubstitutionTooLong(PipelineFileError):
    """A form, a text or a file would come to more than is put together."""


class Budget:
    """The characters that the texts of one file may still come to.

    :param left: how many.
    """

    def __init__(self, left: int = LONGEST_OF_ALL) -> None:
        self.left = left

    def spend(self, size: int) -> None:
        """Count characters that were read or written.

        :raises SubstitutionTooLong: when there have been too many.
        """
        self.left -= size
        if self.left < 0:
            msg = (
                f"the file's texts come to more than {LONGEST_OF_ALL} characters with their values"
            )
            raise SubstitutionTooLong(msg, advice="put long texts into files in the repository")


def plain_name(form: str) -> bool:
    """Tell whether a form is a name and nothing else: ``${NAME}``."""
    return bool(_PLAIN_NAME.fullmatch(form[2:-1]))


def substitute(text: str, variables: Mapping[str, str], budget: Budget | None = None) -> str:
    """Replace every form; a variable that is not there is empty.

    :param text: with forms in it.
    :param variables: by name.
    :param budget: of the file; without it, there is one for this text.
    :raises BadSubstitution: naming the form.
    :raises SubstitutionTooLong: naming the limit.
    """
    if not _TOKEN.search(text):
        return text
    budget = budget or Budget()
    return expand(text, lambda name: variables.get(name, ""), lambda _, value: value, budget=budget)


def expand(
    text: str,
    lookup: Lookup,
    replace: Replace,
    *,
    lenient: bool = False,
    escapes: bool = True,
    depth: int = 0,
    budget: Budget | None = None,
) -> str:
    """Replace every form by what ``replace`` makes of it.

    :param text: with forms in it.
    :param lookup: the value of a variable; raise :class:`KeyError` to leave the form as it is.
    :param replace: is given the form and its value.
    :param lenient: what is none of the forms stays as it is.
    :param escapes: take one of two dollars away, and the like; otherwise they stay, unexpanded.
    :param depth: of this text within others' forms.
    :param budget: of the file; without it, there is one for this text.
    :raises BadSubstitution: naming the form.
    :raises SubstitutionTooLong: naming the limit.
    """
    budget = budget or Budget()
    out: list[str] = []
    at = size = 0
    ends = _ends(text)
    while token := _TOKEN.search(text, at):
        out.append(text[at : token.start()])
        at = token.end()
        if token[0] != "${":
            out.append(token[0][1] if escapes else token[0])
            continue
        try:
            end = at = _end(text, token.start(), ends)
            form = text[token.start() : end]
            value = _value(form[2:-1], lookup, depth, budget)
            size = _checked(form, size + len(value))
            budget.spend(len(value))
            out.append(replace(form, value))
        except KeyError:
            out.append(_left(form, lookup, replace, depth, budget) if lenient else form)
        except BadSubstitution:
            if not lenient:
                raise
            out.append("${")
            at = token.end()
    return "".join(out) + text[at:]


def _left(form: str, lookup: Lookup, replace: Replace, depth: int, budget: Budget) -> str:
    """Return a form that stays as it is, but for the forms within it."""
    if "${" not in form[2:] or depth > _DEEPEST:
        return form
    inner = expand(
        form[2:-1], lookup, replace, lenient=True, escapes=False, depth=depth + 1, budget=budget
    )
    return f"${{{inner}}}"


def _ends(text: str) -> dict[int, int]:
    """Find where each form ends that does, forms within it counted."""
    found: dict[int, int] = {}
    begun: list[int] = []
    for match in _BRACE.finditer(text):
        if match[0] == "${":
            begun.append(match.start())
        elif begun:
            found[begun.pop()] = match.end()
    return found


def _end(text: str, start: int, ends: Mapping[int, int]) -> int:
    if start in ends:
        return ends[start]
    msg = f"`{text[start : start + 20]}` has no closing brace"
    raise BadSubstitution(msg)


def _checked(form: str, size: int) -> int:
    """Return how much a text comes to, if that may be."""
    if size > LONGEST:
        msg = f"`{form[:40]}` makes its text longer than {LONGEST} characters"
        raise SubstitutionTooLong(msg, advice="put long texts into files in the repository")
    return size


def _value(body: str, lookup: Lookup, depth: int, budget: Budget) -> str:
    if depth > _DEEPEST:
        msg = "forms are nested too deep"
        raise BadSubstitution(msg)
    if body.startswith("#") and _NAME.fullmatch(body[1:]):
        return str(len(lookup(body[1:])))
    name = _NAME.match(body)
    rest = body[name.end() :] if name else ""
    operator = next((one for one in _OPERATORS if rest.startswith(one)), "")
    if name is None or (rest and not operator):
        msg = f"`${{{body}}}` is not a form of substitution"
        raise BadSubstitution(msg)
    value = lookup(name[0])
    if not rest:
        return value
    budget.spend(len(value))
    argument = rest[len(operator) :]
    # Only the words of a replacement may hold what would end them.
    within = partial(
        expand,
        lookup=lookup,
        replace=lambda _, inner: inner,
        escapes=operator[0] == "/",
        depth=depth + 1,
        budget=budget,
    )
    if operator[0] == "/":
        old, new = map(within, _halves(argument))
        return _replaced(operator, value, old, new)
    return _applied(operator, value, within(argument))


def _applied(operator: str, value: str, word: str) -> str:
    match operator:
        case "^^":
            return value.upper()
        case "^":
            return value[:1].upper() + value[1:]
        case ",,":
            return value.lower()
        case ",":
            return value[:1].lower() + value[1:]
        case "#" | "##":
            return value[_cut(value, word, longest=operator == "##") :]
        case "%" | "%%":
            # A suffix is a prefix of the text turned round.
            cut = _cut(value[::-1], word, longest=operator == "%%", backwards=True)
            return value[: len(value) - cut]
        case ":":
            return _slice(value, word)
        case _:
            return value or word


def _cut(value: str, pattern: str, *, longest: bool, backwards: bool = False) -> int:
    """Return the length of a value's beginning that matches, 0 where none does."""
    ends = shell_pattern(pattern, backwards=backwards).ends(value)
    return (ends[-1] if longest else ends[0]) if ends else 0


def _slice(value: str, word: str) -> str:
    position, _, length = word.partition(":")
    try:
        start = int(position)
        count = int(length) if length else len(value)
    except ValueError:
        return value
    start = max(0, len(value) + start) if start < 0 else start
    return value[start : start + max(0, count)]


def _replaced(operator: str, value: str, old: str, new: str) -> str:
    if not old:
        return value
    if operator == "//":
        _checked(f"${{...//{old}/{new}}}", len(value) + value.count(old) * (len(new) - len(old)))
    match operator:
        case "//":
            return value.replace(old, new)
        case "/#":
            return new + value[len(old) :] if value.startswith(old) else value
        case "/%":
            return value[: -len(old)] + new if value.endswith(old) else value
        case _:
            return value.replace(old, new, 1)


def _halves(argument: str) -> tuple[str, str]:
    """Split at the first slash that neither a backslash nor a form within protects."""
    depth, at = 0, 0
    for part in _WORD_PART.findall(argument):
        if part == "/" and depth == 0:
            return argument[:at], argument[at + 1 :]
        depth += {"${": 1, "}": -1}.get(part, 0)
        at += len(part)
    return argument, ""
