"""Drone 0.3 and 0.4: ``build``, ``compose``, ``publish``, ``deploy``, ``notify``, ``cache``.

``$$NAME`` was replaced before anything ran: by a value of the matrix or of the build, or by a
secret of that name.
"""

from __future__ import annotations

import re
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
from slipway.pipeline.legacy.draft_when import as_conditions, in_variant
from slipway.pipeline.yaml.substitution import Budget

if TYPE_CHECKING:
    from slipway.pipeline.yaml.diagnostics import Path
    from slipway.pipeline.yaml.document import Document

_KEYS = ("build", "compose", "publish", "deploy", "notify", "clone", "matrix", "branches")
# A secret's name begins with a letter, and ends before an underscore that joins it to another.
_NAME = r"[A-Za-z][A-Za-z0-9]*(?:_+[A-Za-z0-9]+)*"
_REFERENCE = re.compile(rf"\$\$(?:\{{({_NAME})\}}|({_NAME}))")
# What a build's own names are called today.
_TODAY = {
    "BRANCH": "DRONE_BRANCH",
    "BUILD_NUMBER": "DRONE_BUILD_NUMBER",
    "COMMIT": "DRONE_COMMIT",
    "PULL_REQUEST": "DRONE_PULL_REQUEST",
    "TAG": "DRONE_TAG",
}
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
    draft = Draft(name)
    volumes: dict[str, Path] = {}
    if isinstance(data.get("clone"), dict):
        warn_of_rest(document, ("clone",), data["clone"], ("depth", "path", "recursive"))
        _clone(data["clone"], draft)
    if data.get("branches"):
        draft.data["trigger"] = {"branch": data["branches"]}
        draft.origins["trigger", "branch"] = ("branches",)
    for service_name, service in entries(document, data, "compose"):
        place: Path = ("compose", service_name)
        made = _secrets_in(document, as_container(document, service, place, volumes), place)
        draft.add("services", {"name": service_name, **made}, place)
    build = as_container(document, data["build"], ("build",), volumes)
    build["environment"] = {**axes, **as_variables(build.get("environment"))}
    draft.add("steps", {"name": "build", **_secrets_in(document, build, ("build",))}, ("build",))
    for section in _SECTIONS:
        for plugin, settings in entries(document, data, section):
            if in_variant(document, (section, plugin), settings, axes):
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
    draft.add("steps", _secrets_in(document, made, place), place)


def _when(document: Document, place: Path, data: Any) -> dict[str, Any]:
    """Convert a plugin's conditions; ``success`` and ``failure`` are words of ``status`` today."""
    if data is None:
        return {}
    made = as_conditions(document, (*place, "when"), data)
    words = [word for word in ("success", "failure") if str(data.get(word, "true")) == "true"]
    if data.keys() & {"success", "failure"}:
        made["status"] = words or ["never"]
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


def _secrets_in(document: Document, container: dict[str, Any], place: Path) -> dict[str, Any]:
    """Give a container the secrets that its texts name: as variables, and as whole settings."""
    commands = [str(command) for command in container.get("commands") or ()]
    names = {match[1] or match[2] for command in commands for match in _REFERENCE.finditer(command)}
    variables = as_variables(container.get("environment"))
    environment = {
        **{name: {"from_secret": name} for name in sorted(names) if name not in variables},
        **_from_secrets(document, variables, (*place, "environment")),
    }
    settings = _from_secrets(document, container.get("settings") or {}, place)
    made = {**container, "settings": settings}
    if commands:
        made["commands"] = [_REFERENCE.sub(_for_a_shell, command) for command in commands]
    if environment:
        made["environment"] = environment
    return {key: value for key, value in made.items() if value}


def _for_a_shell(reference: re.Match[str]) -> str:
    """Write a secret's name so that a shell sees where it ends."""
    follows = reference.string[reference.end() : reference.end() + 1]
    name = reference[1] or reference[2]
    return f"$${{{name}}}" if re.match(r"\w", follows) else reference[0]


def _from_secrets(document: Document, values: dict[str, Any], place: Path) -> dict[str, Any]:
    made = {}
    for key, value in values.items():
        match = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
        made[key] = {"from_secret": match[1] or match[2]} if match else value
        if match is None and (found := _within(value)):
            message = (
                f"the secret `{found}` is not put into a text, which holds `${found}` as it is"
            )
            advice = "a secret can only be a whole value"
            document.warn("nested-secret", (*place, key), message, advice=advice)
    return made


def _within(value: Any) -> str:
    """Return the name of a secret that stands somewhere within a value."""
    if isinstance(value, dict):
        return next((name for one in value.values() if (name := _within(one))), "")
    if isinstance(value, list):
        return next((name for one in value if (name := _within(one))), "")
    found = _REFERENCE.search(value) if isinstance(value, str) else None
    return (found[1] or found[2]) if found else ""
