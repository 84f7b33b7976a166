"""Drone 0.3 and 0.4: ``build``, ``compose``, ``publish``, ``deploy``, ``notify``, ``cache``.

``$$NAME`` was replaced before anything ran: by a value of the matrix or of the build, or by a
secret of that name.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from slipway.pipeline.legacy.draft import (
    Draft,
    as_conditions,
    as_container,
    as_variables,
    entries,
    matrix_variants,
    refusal,
    warn_of_keys,
    with_values,
)
from slipway.pipeline.yaml.substitution import Budget

if TYPE_CHECKING:
    from slipway.pipeline.yaml.diagnostics import Path
    from slipway.pipeline.yaml.document import Document

_KEYS = ("build", "compose", "publish", "deploy", "notify", "clone", "matrix", "branches")
_REFERENCE = re.compile(r"\$\$(?:\{(\w+)\}|(\w+))")
# What a build's own names are called today.
_TODAY = {"BRANCH": "DRONE_BRANCH", "BUILD_NUMBER": "DRONE_BUILD_NUMBER", "COMMIT": "DRONE_COMMIT",
          "PULL_REQUEST": "DRONE_PULL_REQUEST", "TAG": "DRONE_TAG"}  # fmt: skip
# Sections of plugins, and when they ran by default.
_ALWAYS = {"status": ["success", "failure"]}
_SECTIONS: dict[str, dict[str, Any]] = {
    "publish": {"event": ["push", "tag", "promote"]},
    "deploy": {"event": ["push", "tag", "promote"]},
    "notify": _ALWAYS,
}


def form_of_2015(document: Document) -> list[Document]:
    """Return the document in today's form, one for each variant of its matrix.

    :raises PipelineFileInvalid: when it is not convertible.
    """
    warn_of_keys(document, (*_KEYS, "cache"))
    if "cache" in document.data:
        message = "nothing is kept from one build to the next, so `cache` is ignored"
        document.warn("cache", ("cache",), message, at_key=True)
    variants = list(matrix_variants(document))
    if not variants:
        return [_variant(document, {}, "default", Budget())]
    budget = Budget()
    return [
        _variant(document, axes, f"matrix-{number}", budget)
        for number, axes in enumerate(variants, 1)
    ]


def _variant(document: Document, axes: dict[str, str], name: str, budget: Budget) -> Document:
    data = with_values(_renamed(document.data, axes), axes, budget)
    draft, volumes = Draft(name), dict[str, str]()
    if isinstance(data.get("clone"), dict):
        _clone(data["clone"], draft)
    if data.get("branches"):
        draft.data["trigger"] = {"branch": data["branches"]}
    for service_name, service in entries(document, data, "compose"):
        place: Path = ("compose", service_name)
        made = _secrets_in(as_container(document, service, place, volumes))
        draft.add("services", {"name": service_name, **made}, place)
    build = as_container(document, data["build"], ("build",), volumes)
    build["environment"] = {**axes, **as_variables(build.get("environment"))}
    draft.add("steps", {"name": "build", **_secrets_in(build)}, ("build",))
    for section in _SECTIONS:
        for plugin, settings in entries(document, data, section):
            _add_plugin(document, draft, (section, plugin), settings)
    draft.mount_hosts(volumes)
    return draft.document(document)


def _clone(clone: dict[str, Any], draft: Draft) -> None:
    if clone.get("depth"):
        draft.data["clone"] = {"depth": clone["depth"]}
    if clone.get("path"):
        draft.data["workspace"] = {"base": "/drone/src", "path": clone["path"]}


def _add_plugin(
    document: Document, draft: Draft, place: tuple[str, str], settings: dict[str, Any]
) -> None:
    section, plugin = place
    image = settings.get("image") or f"plugins/{plugin.replace('_', '-')}"
    names = {step["name"] for step in draft.data["steps"]}
    made: dict[str, Any] = {
        "name": plugin if plugin not in names else f"{section}-{plugin}",
        "image": image,
        "settings": {k: v for k, v in settings.items() if k not in ("image", "when")},
        "when": {**_SECTIONS[section], **_when(document, place, settings.get("when"))},
    }
    draft.add("steps", _secrets_in(made), place)


def _when(document: Document, place: Path, data: Any) -> dict[str, Any]:
    """Convert a plugin's conditions; ``success`` and ``failure`` are words of ``status`` today."""
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise refusal(document, (*place, "when"), "this must be a mapping")
    made = as_conditions(data)
    words = [word for word in ("success", "failure") if str(data.get(word, "true")) == "true"]
    if data.keys() & {"success", "failure"}:
        made["status"] = words or ["never"]
    known = {*made, "success", "failure", "environment"}
    for key in sorted(str(one) for one in data if one not in known):
        message = f"`{key}` is no condition any more, so it is ignored"
        document.warn("unknown-key", (*place, "when", key), message, at_key=True)
    return made


def _renamed(value: Any, axes: dict[str, str]) -> Any:
    """Write ``${AXIS}`` and today's names for what the matrix and the build gave."""
    if isinstance(value, dict):
        return {key: _renamed(item, axes) for key, item in value.items()}
    if isinstance(value, list):
        return [_renamed(item, axes) for item in value]
    if not isinstance(value, str):
        return value

    def today(reference: re.Match[str]) -> str:
        name = reference[1] or reference[2]
        if name in axes:
            return f"${{{name}}}"
        return f"${{{_TODAY[name]}}}" if name in _TODAY else reference[0]

    changed = _REFERENCE.sub(today, value)
    return value if changed == value else changed


def _secrets_in(container: dict[str, Any]) -> dict[str, Any]:
    """Give a container the secrets that its texts name: as variables, and as whole settings."""
    names = {
        match[1] or match[2]
        for command in container.get("commands") or ()
        for match in _REFERENCE.finditer(str(command))
    }
    variables = as_variables(container.get("environment"))
    environment = {
        **{name: {"from_secret": name} for name in sorted(names) if name not in variables},
        **_from_secrets(variables),
    }
    made = {**container, "settings": _from_secrets(container.get("settings") or {})}
    if environment:
        made["environment"] = environment
    return {key: value for key, value in made.items() if value}


def _from_secrets(values: dict[str, Any]) -> dict[str, Any]:
    made = {}
    for key, value in values.items():
        match = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
        made[key] = {"from_secret": match[1] or match[2]} if match else value
    return made
