"""``when`` of earlier forms: what it says in today's words, and which variants it is for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slipway.pipeline.yaml.diagnostics import PipelineFileInvalid
from slipway.pipeline.yaml.globs import PatternTooComplex, matches

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slipway.pipeline.yaml.diagnostics import Path
    from slipway.pipeline.yaml.document import Document

_WHEN = ("event", "branch", "ref", "repo", "instance", "status")


def as_conditions(document: Document, path: Path, data: Any) -> dict[str, Any]:
    """Convert ``when``: ``environment`` is today's ``target``, and a deployment a promotion.

    What the matrix says is looked at by :func:`in_variant`.

    :raises PipelineFileInvalid: when it is no mapping.
    """
    if not isinstance(data, dict):
        raise refusal(document, path, "this must be a mapping")
    made = {key: data[key] for key in _WHEN if key in data}
    if "environment" in data:
        made["target"] = data["environment"]
    if "event" in made:
        made["event"] = _of_today(document, (*path, "event"), made["event"])
    for key in data:
        if key not in (*_WHEN, "environment", "matrix", "success", "failure"):
            message = f"`{key}` is no condition any more, so it is ignored"
            document.warn("unknown-key", (*path, key), message, at_key=True)
    return made


def _of_today(document: Document, path: Path, events: Any) -> Any:
    if isinstance(events, dict):
        return {key: _of_today(document, path, value) for key, value in events.items()}
    if isinstance(events, list):
        return [_of_today(document, path, event) for event in events]
    if events != "deployment":
        return events
    message = "a deployment is called a promotion, `promote`, today, and is read as one"
    document.warn("unknown-word", path, message)
    return "promote"


def in_variant(document: Document, path: Path, step: Any, axes: Mapping[str, str]) -> bool:
    """Tell whether a step is for this variant of the matrix: its ``when: {matrix: ...}``.

    :param document: told of what cannot be read.
    :param path: where the step stands.
    :param step: as 0.8 has it.
    :param axes: the variant's values; none outside a matrix.
    """
    when = step.get("when") if isinstance(step, dict) else None
    said = when.get("matrix") if isinstance(when, dict) else None
    if said is None:
        return True
    place = (*path, "when", "matrix")
    if not isinstance(said, dict):
        document.warn("unknown-key", place, "this compares no values, so it is ignored")
        return True
    parts = said if said.keys() & {"include", "exclude"} else {"include": said}
    for key, value in (*_pairs(parts, "include"), *_pairs(parts, "exclude")):
        if key not in axes:
            message = f"the matrix has no `{key}`, so this matches no value"
            document.warn("unknown-key", (*place, key), message, at_key=True)
        if not isinstance(value, str):
            document.warn("matrix", (*place, key), "this is no pattern, so it matches nothing")
    wanted = all(_is(axes, key, value) for key, value in _pairs(parts, "include"))
    unwanted = [_is(axes, key, value) for key, value in _pairs(parts, "exclude")]
    return wanted and not (unwanted and all(unwanted))


def _pairs(parts: Mapping[str, Any], key: str) -> list[tuple[str, Any]]:
    found = parts.get(key)
    return list(found.items()) if isinstance(found, dict) else []


def _is(axes: Mapping[str, str], key: str, value: Any) -> bool:
    try:
        return isinstance(value, str) and matches(value, axes.get(key, ""))
    except PatternTooComplex:
        return False


def refusal(document: Document, path: Path, message: str) -> PipelineFileInvalid:
    """Say why a document cannot be converted."""
    problem = document.problem("old-form", path, message)
    return PipelineFileInvalid([problem])
