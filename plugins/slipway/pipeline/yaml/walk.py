"""Walks through every text of a pipeline's model, for what concerns each of them alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel

from slipway.pipeline.yaml.document import Scalar
from slipway.pipeline.yaml.values import FromSecret

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from slipway.pipeline.yaml.diagnostics import Path

_Model = TypeVar("_Model", bound=BaseModel)


def texts(value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Yield every text, and the way to it."""
    if isinstance(value, BaseModel):
        # What the file does not say has no place in it.
        for name in sorted(value.model_fields_set):
            yield from texts(getattr(value, name), (*path, name))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from texts(item, (*path, key))
    elif isinstance(value, list | tuple):
        for position, item in enumerate(value):
            yield from texts(item, (*path, position))
    elif isinstance(value, FromSecret):
        yield (*path, "from_secret"), value.name
    elif isinstance(value, str):
        yield path, value


def with_texts(
    model: _Model,
    change: Callable[[str], str],
    *,
    but: Collection[str],
    secret: Callable[[str], str] | None = None,
) -> _Model:
    """Return a copy of a model in which every text is changed, and every name in a mapping.

    :param model: is left as it is.
    :param change: makes the new text of the old one.
    :param but: fields that stay as they are, wherever they are.
    :param secret: changes the names of secrets, which stay as they are without it.
    """
    changed = {
        name: _changed(getattr(model, name), change, but, secret)
        for name in model.model_fields_set
        if name not in but
    }
    return model.model_copy(update=changed)


def _changed(
    value: Any,
    change: Callable[[str], str],
    but: Collection[str],
    secret: Callable[[str], str] | None,
) -> Any:
    if isinstance(value, BaseModel):
        return with_texts(value, change, but=but, secret=secret)
    if isinstance(value, dict):
        return {change(key): _changed(item, change, but, secret) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_changed(item, change, but, secret) for item in value)
    if isinstance(value, FromSecret):
        name = secret(value.name) if secret else value.name
        # One without a name is an empty text.
        return FromSecret(name) if name else ""
    if not isinstance(value, str):
        return value
    changed = change(value)
    return Scalar(changed, value.kind) if isinstance(value, Scalar) else changed
