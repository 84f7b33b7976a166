"""What every fact can do: become JSON, and come back from it."""

from __future__ import annotations

import dataclasses
import enum
import functools
import types
import typing
from collections.abc import Mapping
from typing import Any, Self, TypeAlias

Json: TypeAlias = dict[str, Any]
# Types whose values JSON gives back as they were.
_PLAIN = frozenset({str, int, float, bool})


class Fact:
    """Gives a dataclass its way into JSON and back."""

    def to_json(self) -> Json:
        """Return the fact as plain dicts, lists, strings and numbers."""
        return dataclasses.asdict(typing.cast("Any", self), dict_factory=_plain)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild a fact from :meth:`to_json`'s answer.

        Unknown keys are passed over, so that a run started before an upgrade can finish after it.

        :param data: the decoded JSON object.
        :raises TypeError: when a field without a default is missing.
        """
        hints = _hints(typing.cast("Any", cls))
        known = {
            name: value if hints[name] in _PLAIN else _revive(hints[name], value)
            for name, value in data.items()
            if name in hints
        }
        return cls(**known)


@functools.cache
def _hints(cls: type) -> dict[str, Any]:
    """Return the types of a fact's fields; finding them takes longer than all the rest."""
    return typing.get_type_hints(cls)


def _plain(items: list[tuple[str, Any]]) -> Json:
    """Write an enum as its value: not every encoder knows that a StrEnum is a string."""
    return {name: value.value if isinstance(value, enum.Enum) else value for name, value in items}


def _revive(kind: Any, value: Any) -> Any:
    """Turn a decoded JSON value back into the annotated type of its field."""
    if value is None:
        return None
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return _revive(next(a for a in arguments if a is not type(None)), value)
    if origin is tuple:
        return tuple(_revive(arguments[0], item) for item in value)
    if isinstance(kind, type) and issubclass(kind, Fact):
        return kind.from_json(value)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return kind(value)
    return value
