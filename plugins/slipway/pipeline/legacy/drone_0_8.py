"""Pipeline files of earlier days, as ``kind: pipeline`` would say the same.

Drone 0.8 (``pipeline:`` maps names to steps; docs.drone.io/0.8.0), the form of 2015
(:mod:`slipway.pipeline.legacy.drone_0_4`) and that of 2014 (``image``, ``env``, ``script``,
``services``). What is converted remembers where it stood, so that mistakes are shown in the text
that was written.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from slipway.pipeline.legacy.draft import (
    Draft,
    as_container,
    as_variables,
    entries,
    matrix_variants,
    warn_of_keys,
    warn_of_rest,
    with_values,
)
from slipway.pipeline.legacy.draft_when import in_variant, refusal
from slipway.pipeline.legacy.drone_0_4 import form_of_2015
from slipway.pipeline.yaml.substitution import Budget
from slipway.pipeline.yaml.values import CLONE

if TYPE_CHECKING:
    from slipway.pipeline.yaml.diagnostics import Path
    from slipway.pipeline.yaml.document import Document

_KEYS_OF_0_8 = ("pipeline", "services", "workspace", "branches", "clone", "matrix")
_KEYS_OF_2014 = ("image", "env", "script", "services", "git", "branches")


def converted(document: Document) -> list[Document]:
    """Return a document in today's form: itself, or one for each variant of its matrix.

    :raises PipelineFileInvalid: when it is of neither form and not convertible.
    """
    data = document.data
    if not isinstance(data, dict) or "kind" in data:
        return [document]
    if isinstance(data.get("pipeline"), dict):
        return _map_form(document)
    if "script" in data and "image" in data:
        return [_form_of_2014(document)]
    if isinstance(data.get("build"), dict) and "image" in data["build"]:
        return form_of_2015(document)
    return [document]


# Drone 0.8


def _map_form(document: Document) -> list[Document]:
    warn_of_keys(document, _KEYS_OF_0_8)
    variants = list(matrix_variants(document))
    if not variants:
        return [_variant(document, document.data, "default", {})]
    budget = Budget()
    return [
        _variant(document, _with_axes(document, axes, budget), f"matrix-{number}", axes)
        for number, axes in enumerate(variants, 1)
    ]


def _variant(document: Document, data: dict[str, Any], name: str, axes: dict[str, str]) -> Document:
    draft = Draft(name)
    if data.get("workspace"):
        draft.data["workspace"] = data["workspace"]
    if data.get("branches"):
        draft.data["trigger"] = {"branch": data["branches"]}
        draft.origins["trigger", "branch"] = ("branches",)
    if isinstance(data.get("clone"), dict) and data["clone"]:
        # 0.8 let a repository bring its own first steps; ours has done that work already.
        draft.data["clone"] = {"depth": _depth(document, data["clone"])}
    volumes: dict[str, Path] = {}
    used: dict[str, Any] = {}
    for kind, key in (("services", "services"), ("steps", "pipeline")):
        for step_name, step in entries(document, data, key):
            here = (key, step_name)
            if not in_variant(document, here, step, axes):
                continue
            if kind == "steps":
                used[step_name] = step
            container = as_container(document, step, here, volumes)
            draft.add(kind, {"name": step_name, **container}, here)
    draft.mount_hosts(volumes)
    _keep_groups(draft.data["steps"], used)
    return draft.document(document)


def _depth(document: Document, clone: dict[str, Any]) -> str:
    """Return how many commits the sources come with, and name what else is said of them."""
    depths = []
    for name, step in clone.items():
        for key in step if isinstance(step, dict) else ():
            if key == "depth":
                depths.append(step[key])
            elif key not in ("image", "recursive", "tags"):  # these are as they would be
                message = f"Slipway brings the sources itself, so `{key}` is ignored"
                document.warn("unknown-key", ("clone", name, key), message, at_key=True)
    return str(next((depth for depth in depths if depth), 0))


def _keep_groups(steps: list[dict[str, Any]], pipeline: dict[str, Any]) -> None:
    """Neighbours of one ``group`` ran side by side; everything else one after the other."""
    groups = [step.get("group") for step in pipeline.values()]
    if not any(groups):
        return
    runs = itertools.groupby(zip(groups, steps, strict=True), lambda pair: pair[0] or id(pair[1]))
    before = [CLONE]
    for _, members in runs:
        names = []
        for _, step in members:
            step["depends_on"] = before
            names.append(step["name"])
        before = names


def _with_axes(document: Document, axes: dict[str, str], budget: Budget) -> dict[str, Any]:
    """Put a variant's values in place of ``${AXIS}``, and into every step's environment."""
    data: dict[str, Any] = with_values(document.data, axes, budget)
    for key in ("pipeline", "services"):
        for _, step in entries(document, data, key):
            step["environment"] = {**axes, **as_variables(step.get("environment"))}
    return data


# 2014


def _form_of_2014(document: Document) -> Document:
    warn_of_keys(document, _KEYS_OF_2014)
    data, draft = document.data, Draft()
    script = data["script"]
    step = {
        "name": "build",
        "image": data["image"],
        "commands": [script] if isinstance(script, str) else script,
        "environment": as_variables(data.get("env"), document, ("env",)),
    }
    draft.add("steps", step, ())
    draft.origins["steps", 0, "commands"] = ("script",)
    draft.origins["steps", 0, "environment"] = ("env",)
    services = data.get("services") or []
    if not isinstance(services, list):
        raise refusal(document, ("services",), "`services` is a list of images in this form")
    names: list[str] = []
    for position, image in enumerate(services):
        name = _service_name(str(image))
        again = names.count(name)
        names.append(name)
        service = {"name": f"{name}-{again + 1}" if again else name, "image": image}
        draft.add("services", service, ("services", position))
    if isinstance(data.get("git"), dict):
        draft.data["clone"] = {"depth": data["git"].get("depth", "0")}
        warn_of_rest(document, ("git",), data["git"], ("depth", "path"))
        if data["git"].get("path"):
            draft.data["workspace"] = {"base": "/drone/src", "path": data["git"]["path"]}
    if data.get("branches"):
        draft.data["trigger"] = {"branch": data["branches"]}
        draft.origins["trigger", "branch"] = ("branches",)
    return draft.document(document)


def _service_name(image: str) -> str:
    return image.rpartition("/")[2].partition(":")[0].partition("@")[0]
