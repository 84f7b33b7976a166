"""Examples of what Slipway stores, made from the types of its fields."""

from __future__ import annotations

import collections.abc
import dataclasses
import enum
import types
import typing
from typing import Any

from slipway.model.facts import Json


def example(kind: type[Any]) -> Json:
    """Return a form in which each field has a value.

    :param kind: a dataclass of plain values.
    """
    hints = typing.get_type_hints(kind)
    return {one.name: _value(hints[one.name], one.name) for one in dataclasses.fields(kind)}


def _value(kind: Any, name: str) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return _value(next(one for one in arguments if one is not type(None)), name)
    if origin is tuple:
        return [_value(arguments[0], name)]
    if origin in (dict, collections.abc.Mapping):
        return {"one": _value(arguments[1], name)}
    if dataclasses.is_dataclass(kind):
        return example(typing.cast("type[Any]", kind))
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return next(iter(kind)).value
    return _PLAIN.get(kind, f"a {name}")


_PLAIN: dict[Any, Any] = {bool: True, int: 3, float: 1.5}
