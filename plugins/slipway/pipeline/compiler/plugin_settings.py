"""A plugin's settings as ``PLUGIN_*`` variables.

Drone's rules (docs.drone.io/plugins/overview): text, numbers and booleans as they are; a list of
those with commas between; everything else as JSON; null not at all.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from slipway.pipeline.compiler.late import in_json
from slipway.pipeline.yaml.document import Scalar
from slipway.pipeline.yaml.values import FromSecret

_TRUE = ("true", "yes", "on", "y")


def plugin_variables(settings: Mapping[str, Any]) -> Iterator[tuple[str, str | FromSecret]]:
    """Yield each setting's variable."""
    for key, value in settings.items():
        if value is not None:
            name = f"PLUGIN_{key.upper()}"
            yield name, value if isinstance(value, FromSecret) else encode(value)


def encode(value: Any) -> str:
    """Write a setting as text."""
    if isinstance(value, list):
        items = [_plain(item) for item in value]
        if all(isinstance(item, str | int | float) for item in items):
            return ",".join(_text(item) for item in items)
    plain = _plain(value)
    if isinstance(plain, dict | list):
        text = json.dumps(plain, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        return in_json(text)
    return _text(plain)


def _text(plain: Any) -> str:
    if isinstance(plain, bool):
        return "true" if plain else "false"
    return "" if plain is None else str(plain)


def _plain(value: Any) -> Any:
    """Turn the file's scalars into what YAML takes them for."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, Scalar):
        return value
    if value.kind == "bool":
        return value.lower() in _TRUE
    if value.kind in ("int", "float"):
        return _number(value)
    return str(value)


def _number(text: str) -> int | float | str:
    """Read a decimal number; version 1.10 and the like must not become 1.1, so they stay text."""
    for kind in (int, float):
        try:
            number = kind(text)
        except ValueError:
            continue
        return number if str(number) == text else text
    return text
