"""A document's plain data -> the model, with each mistake at its place."""

from __future__ import annotations

import difflib
import types
import typing
from typing import Any

from pydantic import BaseModel, ValidationError

from slipway.pipeline.yaml.diagnostics import (
    MOST_SHOWN,
    Path,
    PipelineFileInvalid,
    Problem,
    by_place,
)
from slipway.pipeline.yaml.document import MOST_WARNINGS
from slipway.pipeline.yaml.model import Pipeline
from slipway.pipeline.yaml.unfit import settle

if typing.TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from slipway.pipeline.yaml.document import Document

_WORDS = {
    "string_type": "this must be text",
    "tuple_type": "this must be a list",
    "list_type": "this must be a list",
    "dict_type": "this must be a mapping of names to values",
    "model_type": "this must be a mapping",
    "model_attributes_type": "this must be a mapping",
    "bool_parsing": "this must be true or false",
    "int_parsing": "this must be a whole number",
    "string_too_short": "this must not be empty",
}


# What to write in place of keys that come from elsewhere.
_INSTEAD = {
    "secrets": "write `environment: {NAME: {from_secret: name}}`",
    "group": "write `depends_on`: steps that wait for the same run side by side",
    "paths": "the runner looks at no paths; compare them in a command",
    "local": "it is run by no server; remove it",
    "matrix": "write a pipeline for each variant, and merge what they share with `<<`",
    "branches": "write `trigger: {branch: ...}`",
    "networks": "everything of a pipeline is on one network",
    "requests": "only `limits` count, since nothing is scheduled by it",
    "labels": "write `node` for what a worker must be",
}


def parse(document: Document) -> Pipeline:
    """Build the model of a document of kind ``pipeline``.

    Keys that no model knows are taken out of the document's data; the document's warnings name
    them.

    :raises PipelineFileInvalid: with every mistake in the document.
    """
    if not isinstance(document.data, dict):
        message = "a pipeline file is a mapping, not this"
        raise PipelineFileInvalid([document.problem("not-a-mapping", (), message)])
    for key in [key for key in document.data if key.startswith(("x-", ".", "_"))]:
        del document.data[key]  # it is there only to be referred to
    settle(document)
    while True:
        try:
            return Pipeline.model_validate(document.data)
        except ValidationError as error:
            details = error.errors(include_url=False, include_context=False)
            if not _take_out_unknown(document, details):
                problems = [_explain(document, one) for one in details[: MOST_SHOWN + 1]]
                raise PipelineFileInvalid(sorted(problems, key=by_place)) from error


def _take_out_unknown(document: Document, details: list[ErrorDetails]) -> bool:
    """Remove the keys that no model knows, and tell each; without any, return false."""
    unknown = [tuple(one["loc"]) for one in details if one["type"] == "extra_forbidden"]
    for path in unknown:
        _warn_of_key(document, path)
    for path in unknown:
        del _at(document.data, path[:-1])[path[-1]]
    return bool(unknown)


def _explain(document: Document, detail: ErrorDetails) -> Problem:
    path, kind = tuple(detail["loc"]), detail["type"]
    if kind == "missing":
        message = f"`{path[-1]}` is missing"
        return document.problem("missing-key", path[:-1], message)
    value = detail["input"]
    message = _WORDS.get(kind) or detail["msg"].removeprefix("Value error, ")
    return document.problem("wrong-value", path, message, advice=_repair(path, kind, value))


def _repair(path: Path, kind: str, value: Any) -> str:
    """Say how the commonest slips are put right."""
    if kind == "string_type" and isinstance(value, dict) and "commands" in path:
        return "put the line in quotes, as `: ` makes a mapping of it"
    if kind == "tuple_type" and isinstance(value, str):
        return "put `- ` before it"
    return ""


def _warn_of_key(document: Document, path: Path) -> None:
    if len(document.warnings) >= MOST_WARNINGS:
        return  # looking for the nearest of thousands takes long
    key, model = str(path[-1]), _model_at(path[:-1])
    known = list(model.model_fields) if model else []
    near = difflib.get_close_matches(key, known, n=1)
    advice = _INSTEAD.get(key) or (f"did you mean `{near[0]}`?" if near else "")
    if not advice:
        plugin = "settings" in known and not _at(document.data, path[:-1]).get("commands")
        advice = "a plugin reads it under `settings`" if plugin else f"it takes {', '.join(known)}"
    message = f"there is no key `{key}` here, so it is ignored"
    document.warn("unknown-key", path, message, advice=advice, at_key=True)


def _at(data: Any, path: Path) -> Any:
    for part in path:
        data = data[part]
    return data


def _model_at(path: Path) -> Any:
    """Find the model that describes the mapping at a path."""
    model: Any = Pipeline
    for part in path:
        if isinstance(part, str) and model is not None and part in model.model_fields:
            model = _inner_model(model.model_fields[part].annotation)
    return model


def _inner_model(annotation: Any) -> Any:
    if isinstance(annotation, types.GenericAlias):
        annotation = typing.get_args(annotation)[0]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_inner_model(argument) for argument in typing.get_args(annotation))
    return next((model for model in inner if model is not None), None)
