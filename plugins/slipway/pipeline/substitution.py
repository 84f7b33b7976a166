"""``${DRONE_TAG##v}``: parameters of a pipeline file that are replaced before it runs.

The forms are those of docs.drone.io/pipeline/environment/substitution: ``${V}``, ``${#V}``,
``${V^}`` ``${V^^}`` ``${V,}`` ``${V,,}``, ``${V:position}`` ``${V:position:length}``,
``${V#p}`` ``${V##p}`` ``${V%p}`` ``${V%%p}``, ``${V/old/new}`` ``${V//old/new}``
``${V/#old/new}`` ``${V/%old/new}``, ``${V=word}`` ``${V:=word}`` ``${V:-word}``; ``$${V}`` stands
for ``${V}`` itself. Words may hold further forms.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fnmatch import translate

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OPERATORS = ("^^", "^", ",,", ",", "##", "#", "%%", "%", "//", "/#", "/%", "/", ":=", ":-", "=",
              ":?", ":+", ":")  # fmt: skip
# A form within a form within a form; deeper is somebody playing.
_DEEPEST = 8
# A pattern is tried on every cut of a value, so longer ones would take long; they stay whole.
_LONGEST = 4096

Lookup = Callable[[str], str]
Replace = Callable[[str, str], str]


class BadSubstitution(ValueError):
    """``${`` that is not followed by one of the known forms."""


def substitute(text: str, variables: Mapping[str, str]) -> str:
    """Replace every form; a variable that is not there is empty.

    :raises BadSubstitution: naming the form.
    """
    return expand(text, lambda name: variables.get(name, ""), lambda _, value: value)


def expand(
    text: str, lookup: Lookup, replace: Replace, *, lenient: bool = False, depth: int = 0
) -> str:
    """Replace every form by what ``replace`` makes of it.

    :param lookup: the value of a variable; raise :class:`KeyError` to leave the form as it is.
    :param replace: is given the form and its value.
    :param lenient: what is none of the forms stays as it is.
    :raises BadSubstitution: naming the form.
    """
    out: list[str] = []
    at = 0
    while (start := text.find("${", at)) >= 0:
        if start > 0 and text[start - 1] == "$" and start - 1 >= at:
            out.append(text[at : start - 1] + "${")
            at = start + 2
            continue
        out.append(text[at:start])
        try:
            end = at = _end(text, start)
            form = text[start:end]
            out.append(replace(form, _value(form[2:-1], lookup, depth)))
        except KeyError:
            out.append(form)
        except BadSubstitution:
            if not lenient:
                raise
            out.append("${")
            at = start + 2
    return "".join(out) + text[at:]


def _end(text: str, start: int) -> int:
    """Find where a form ends, forms within it counted."""
    depth, at = 0, start
    while at < len(text):
        if text.startswith("${", at):
            depth, at = depth + 1, at + 2
        elif text[at] == "}":
            depth, at = depth - 1, at + 1
            if depth == 0:
                return at
        else:
            at += 1
    msg = f"`{text[start : start + 20]}` has no closing brace"
    raise BadSubstitution(msg)


def _value(body: str, lookup: Lookup, depth: int) -> str:
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
    argument = rest[len(operator) :]
    if operator[0] == "/":
        return _replaced(operator, value, argument)
    word = expand(argument, lookup, lambda _, inner: inner, depth=depth + 1)
    return _applied(operator, value, word)


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
            return _trimmed(value, word, longest=operator == "##")
        case "%" | "%%":
            # A suffix is a prefix of the reversed text, but its pattern cannot be reversed.
            return _trimmed_end(value, word, longest=operator == "%%")
        case ":":
            return _slice(value, word)
        case _:
            return value or word


def _trimmed(value: str, pattern: str, *, longest: bool) -> str:
    if len(value) > _LONGEST:
        return value
    matches = re.compile(translate(pattern)).match
    cuts = range(len(value), -1, -1) if longest else range(len(value) + 1)
    cut = next((cut for cut in cuts if matches(value[:cut])), 0)
    return value[cut:]


def _trimmed_end(value: str, pattern: str, *, longest: bool) -> str:
    if len(value) > _LONGEST:
        return value
    matches = re.compile(translate(pattern)).match
    cuts = range(len(value) + 1) if longest else range(len(value), -1, -1)
    cut = next((cut for cut in cuts if matches(value[cut:])), len(value))
    return value[:cut]


def _slice(value: str, word: str) -> str:
    position, _, length = word.partition(":")
    try:
        start = int(position)
        count = int(length) if length else len(value)
    except ValueError:
        return value
    start = max(0, len(value) + start) if start < 0 else start
    return value[start : start + max(0, count)]


def _replaced(operator: str, value: str, argument: str) -> str:
    old, new = _halves(argument)
    if not old:
        return value
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
    """Split at the first slash that no backslash protects."""
    parts = re.split(r"(?<!\\)/", argument, maxsplit=1)
    plain = [part.replace("\\/", "/") for part in parts]
    return plain[0], plain[1] if len(plain) > 1 else ""
