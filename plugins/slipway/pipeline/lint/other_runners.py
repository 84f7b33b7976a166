"""Documents of a pipeline file that are not run here, and what waits for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from slipway.pipeline.lint.rules import meant
from slipway.pipeline.yaml.conditions import Conditions

if TYPE_CHECKING:
    from slipway.pipeline.yaml.conditions import Event
    from slipway.pipeline.yaml.diagnostics import Path, Problem
    from slipway.pipeline.yaml.document import Document
    from slipway.pipeline.yaml.model import Pipeline

# Kinds of documents that Drone knows, and what becomes of them here.
PASSED_OVER = {
    "secret": "is not read: secrets come from the project file",
    "signature": "is not checked",
    "template": "is not filled in",
    "cron": "is not read: schedules are Airflow's",
    "registry": "is not read: registries come from the project file",
    "organization": "is not read",
}
_KINDS = ("pipeline", *PASSED_OVER)
# Volumes that only a cluster has.
_OF_A_CLUSTER = ("claim", "config_map", "secret", "csi", "downward_api")


def not_for_us(document: Document) -> Problem | None:
    """Say why a document is not a pipeline for Docker; None where it is one."""
    data = document.data
    if not isinstance(data, dict):
        return None
    kind, type_ = data.get("kind"), data.get("type") or "docker"
    if kind is None:
        advice = "begin with `kind: pipeline`"
        return document.problem("missing-key", (), "`kind` is missing", advice=advice)
    if kind != "pipeline":
        message = f"there is no kind of document called `{kind}`"
        advice = meant(str(kind), _KINDS) or "use `pipeline`"
        return document.problem("unknown-kind", ("kind",), message, advice=advice)
    if type_ == "kubernetes":
        return _needs_a_cluster(document)
    if type_ != "docker":
        message = f"pipelines of type {type_} are not run here"
        return document.problem("unsupported-type", ("type",), message, advice="use `docker`")
    return None


def _needs_a_cluster(document: Document) -> Problem | None:
    volumes = document.data.get("volumes")
    for i, volume in enumerate(volumes if isinstance(volumes, list) else ()):
        for key in _OF_A_CLUSTER:
            if isinstance(volume, dict) and key in volume:
                path: Path = ("volumes", i, key)
                message = f"the pipeline needs a cluster for its volume of kind `{key}`"
                advice = "pipelines of type kubernetes run here if they need none"
                return document.problem("unsupported-type", path, message, advice=advice)
    return None


def trigger_of(document: Document) -> tuple[str, Conditions]:
    """Return the name of a pipeline that is not run here, and when it would be."""
    data: Any = document.data if isinstance(document.data, dict) else {}
    name = data.get("name") or "default"
    try:
        return str(name), Conditions.model_validate(data.get("trigger") or {})
    except ValidationError:
        return str(name), Conditions()


def warn_of_waiting(
    documents: Sequence[Document], pipelines: Sequence[Pipeline], elsewhere: Mapping[str, Any]
) -> None:
    """Name the pipelines that wait for one that is not run here."""
    lacking = set(elsewhere)
    while more := {name for name, _ in _waiting(pipelines, dict.fromkeys(lacking, ""))}:
        lacking |= more
    for document, pipeline in zip(documents, pipelines, strict=True):
        for i, wanted in enumerate(pipeline.depends_on):
            if wanted in lacking:
                message = f"`{pipeline.name}` waits for `{wanted}`, so it is not run here either"
                document.warn("waits-for-another-runner", ("depends_on", i), message)


def unmet(
    pipelines: Sequence[Pipeline], elsewhere: Mapping[str, Conditions], event: Event
) -> dict[str, str]:
    """Say of each pipeline that waits for one that other runners would run, why it is not run.

    What would not be run for this event at all is waited for by nobody.
    """
    reasons = {
        name: "is not run here"
        for name, trigger in elsewhere.items()
        if not trigger.unmet(event, "trigger")
    }
    found: dict[str, str] = {}
    while more := dict(_waiting(pipelines, reasons)):
        reasons |= more
        found |= more
    return found


def _waiting(
    pipelines: Sequence[Pipeline], reasons: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    for pipeline in pipelines:
        lacking = [name for name in pipeline.depends_on if name in reasons]
        if lacking and pipeline.name not in reasons:
            yield pipeline.name, f"waits for {lacking[0]}, which is not run here"
