"""A document's plain data -> the model, with each mistake at its place."""

from __future__ import annotations

import difflib
import types
import typing
from typing import Any

from pydantic import BaseModel, ValidationError

from slipway.pipeline.model import Pipeline
from slipway.pipeline.places import MOST_SHOWN, Path, PipelineFileInvalid, Problem, by_place

if typing.TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from slipway.pipeline.reader import Document

_TYPES = ("exec", "kubernetes", "ssh", "digitalocean", "aws", "macstadium", "tart", "vm")
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


def parse(document: Document) -> Pipeline:
    """Build the model of a document of kind ``pipeline``.

    :raises PipelineFileInvalid: with every mistake in the document.
    """
    if problem := _refused_as_a_whole(document):
        raise PipelineFileInvalid([problem])
    try:
        return Pipeline.model_validate(_without_extensions(document.data))
    except ValidationError as error:
        details = error.errors(include_url=False)
        problems = [_explain(document, detail) for detail in details[: MOST_SHOWN + 1]]
        raise PipelineFileInvalid(sorted(problems, key=by_place)) from error


def _without_extensions(data: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is there only to be referred to: top keys such as ``x-base`` or ``.base``."""
    return {key: value for key, value in data.items() if not key.startswith(("x-", ".", "_"))}


def _refused_as_a_whole(document: Document) -> Problem | None:
    data = document.data
    if not isinstance(data, dict):
        return document.problem("not-a-mapping", (), "a pipeline file is a mapping, not this")
    if "kind" not in data:
        advice = "begin with `kind: pipeline`"
        return document.problem("missing-key", (), "`kind` is missing", advice=advice)
    if data.get("type", "docker") in _TYPES:
        message = f"pipelines of type {data['type']} are not run here"
        return document.problem("unsupported-type", ("type",), message, advice="use `docker`")
    return None


def _explain(document: Document, detail: ErrorDetails) -> Problem:
    path, kind = tuple(detail["loc"]), detail["type"]
    if kind == "extra_forbidden":
        return _unknown_key(document, path)
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


def _unknown_key(document: Document, path: Path) -> Problem:
    key, model = str(path[-1]), _model_at(path[:-1])
    known = list(model.model_fields) if model else []
    near = difflib.get_close_matches(key, known, n=1)
    advice = f"did you mean `{near[0]}`?" if near else f"it takes {', '.join(known)}"
    message = f"there is no key `{key}` here"
    return document.problem("unknown-key", path, message, advice=advice, at_key=True)


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
