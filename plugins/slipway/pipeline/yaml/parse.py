"""A document's plain data -> the model, with each mistake at its place."""

from __future__ import annotations

import types
import typing
from typing import Any

from pydantic import BaseModel, ValidationError

from slipway.model.text.nearest import nearest
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
    "bool_type": "this must be true or false",
    "int_type": "this must be a whole number",
    "greater_than_equal": "this is too small",
    "less_than_equal": "this is too large",
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
    "timeout": "`test: {timeout: ...}` in the project file limits the whole run",
    "cache": "nothing is kept from one build to the next",
    "artifacts": "`package: {built: ...}` in the project file takes what was built",
    "allow_failure": "write `failure: ignore`",
    "continue-on-error": "write `failure: ignore`",
    "ignore_failure": "write `failure: ignore`",
    "stages": "write `steps`, in their order, or with `depends_on`",
    "jobs": "write `steps`, in their order, or with `depends_on`",
}
# Words of other systems, and those that mean the same here, of which one stands at that place.
_OTHER_WORDS = {
    "env": ("environment",),
    "variables": ("environment",),
    "vars": ("environment",),
    "envs": ("environment",),
    "script": ("commands",),
    "scripts": ("commands",),
    "run": ("commands",),
    "cmd": ("commands",),
    "before_script": ("commands",),
    "when": ("trigger",),
    "on": ("trigger", "when"),
    "only": ("when", "trigger"),
    "if": ("when", "trigger"),
    "rules": ("when", "trigger"),
    "trigger": ("when",),
    "needs": ("depends_on",),
    "requires": ("depends_on",),
    "dependencies": ("depends_on",),
    "uses": ("image",),
    "container": ("image",),
    "with": ("settings",),
    "params": ("settings",),
    "workdir": ("working_dir",),
    "directory": ("working_dir",),
    "working-directory": ("working_dir",),
    "runs-on": ("platform",),
    "tags": ("node",),
    "pipeline": ("steps",),
}
# Names that are listed in a warning; more are a wall that nobody reads.
_MOST_LISTED = 8


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
    if isinstance(value, str) and "${" in value and kind != "tuple_type":
        return "write the value itself; no variable is replaced here"
    if kind == "string_type" and isinstance(value, dict) and "commands" in path:
        return "put the line in quotes, as `: ` makes a mapping of it"
    if kind == "string_type" and isinstance(value, list):
        return "it is a list within a list; write its lines one by one"
    if kind == "tuple_type" and isinstance(value, str):
        return "put `- ` before it"
    return ""


def _warn_of_key(document: Document, path: Path) -> None:
    if len(document.warnings) >= MOST_WARNINGS:
        return  # looking for the nearest of thousands takes long
    key, model = str(path[-1]), _model_at(path[:-1])
    known = list(model.model_fields) if model else []
    advice = _advice(key, known, path, _at(document.data, path[:-1]))
    message = f"there is no key `{key}` here, so it is ignored"
    document.warn("unknown-key", path, message, advice=advice, at_key=True)


def _advice(key: str, known: list[str], path: Path, holder: Any) -> str:
    """Say what to write in place of a key that nothing knows."""
    if key in _INSTEAD:
        return _INSTEAD[key]
    plugin = "settings" in known and not holder.get("commands")
    word = next((one for one in _OTHER_WORDS.get(key, ()) if one in known), "")
    if word:
        return f"it is `{word}` here" + (", or under `settings` a plugin's" if plugin else "")
    if near := nearest(key, known):
        return f"did you mean `{near}`?"
    if plugin:
        return "a plugin reads it under `settings`"
    if len(path) == 1 and isinstance(holder[path[-1]], dict | list):
        return f"if it is there for its anchors, call it `x-{key}`"
    if len(known) <= _MOST_LISTED:
        return f"it takes {', '.join(known)}"
    return "docs/pipeline-file.md lists the keys"


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
