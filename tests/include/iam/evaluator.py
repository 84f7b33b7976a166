"""Says what IAM would say to a request: as much of its logic as our policies use, and no more.

An unknown operator or element fails the test: nothing is passed over that might decide.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

Values = str | tuple[str, ...]
_ELEMENTS = {"Sid", "Effect", "Action", "Resource", "Condition"}


@dataclass(frozen=True, kw_only=True)
class Request:
    """One action on one resource; a call of several resources is several requests.

    :param context: condition key -> value, or values where a key has several.
    """

    action: str
    resource: str
    context: Mapping[str, Values] = field(default_factory=dict)


def allowed(policies: Iterable[Mapping[str, Any]], request: Request) -> bool:
    """Whether any statement allows a request, and none denies it."""
    statements = [one for policy in policies for one in policy["Statement"]]
    effects = {one["Effect"] for one in statements if _applies(one, request)}
    assert effects <= {"Allow", "Deny"}
    return effects == {"Allow"}


def _applies(statement: Mapping[str, Any], request: Request) -> bool:
    assert set(statement) <= _ELEMENTS, statement
    actions = (_like(one.lower(), request.action.lower()) for one in _list(statement["Action"]))
    resources = (
        _like(_filled(one, request), request.resource) for one in _list(statement["Resource"])
    )
    conditions = statement.get("Condition", {})
    return (
        any(actions)
        and any(resources)
        and all(
            _holds(operator, key, [_filled(one, request) for one in _list(wanted)], request)
            for operator, keys in conditions.items()
            for key, wanted in keys.items()
        )
    )


def _holds(operator: str, key: str, wanted: list[str], request: Request) -> bool:
    context = {name.lower(): value for name, value in request.context.items()}
    given = context.get(key.lower())
    if operator == "Null":
        (word,) = wanted
        return (not given) is {"true": True, "false": False}[word]
    quantifier, _, name = operator.rpartition(":")
    assert quantifier in ("", "ForAllValues", "ForAnyValue"), operator
    if name.endswith("IfExists"):
        if given is None:
            return True
        name = name.removesuffix("IfExists")
    compare = _OPERATORS[name]
    found = [any(compare(one, value) for one in wanted) for value in _list(given)]
    if quantifier == "ForAllValues":
        return all(found)
    assert quantifier or len(found) < 2, f"{operator} on {key}, which has several values"
    return any(found)


def _filled(pattern: str, request: Request) -> str:
    """Put policy variables in; a value that is put in has no wildcards."""

    def value(match: re.Match[str]) -> str:
        given = request.context.get(match[1])
        assert isinstance(given, str), f"the request does not say {match[1]}"
        return given

    return re.sub(r"\$\{([^}]+)\}", value, pattern)


def _equals(wanted: str, given: str) -> bool:
    return wanted == given


@lru_cache
def _pattern(wanted: str) -> re.Pattern[str]:
    escaped = re.escape(wanted).replace(r"\*", ".*").replace(r"\?", ".")
    return re.compile(escaped, re.DOTALL)


def _like(wanted: str, given: str) -> bool:
    return _pattern(wanted).fullmatch(given) is not None


def _bool(wanted: str, given: str) -> bool:
    assert wanted in ("true", "false"), wanted
    return wanted == given.lower()


def _arn_like(wanted: str, given: str) -> bool:
    """Each of an ARN's six parts for itself; only the last may hold colons."""
    parts, others = wanted.split(":", 5), given.split(":", 5)
    return len(parts) == len(others) == 6 and all(map(_like, parts, others))


_OPERATORS = {
    "StringEquals": _equals,
    "StringLike": _like,
    "ArnLike": _arn_like,
    "ArnEquals": _arn_like,
    "Bool": _bool,
}


def _list(value: Any) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)
