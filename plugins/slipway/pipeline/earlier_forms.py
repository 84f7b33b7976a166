"""Pipeline files of earlier days, as ``kind: pipeline`` would say the same.

Drone 0.8 (``pipeline:`` maps names to steps; docs.drone.io/0.8.0), the form of 2015
(:mod:`slipway.pipeline.form_of_2015`) and that of 2014 (``image``, ``env``, ``script``,
``services``). What is converted remembers where it stood, so that mistakes are shown in the text
that was written.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from slipway.pipeline.places import Path, PipelineFileInvalid, Problem
from slipway.pipeline.substitution import BadSubstitution, Budget, expand

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slipway.pipeline.document import Document

# A matrix of more is a mistake or an attack.
_MOST_VARIANTS, _MOST_AXES = 25, 20
# Keys of a 0.8 step that are the same today.
_KEPT = frozenset(
    {"image", "commands", "command", "entrypoint", "privileged", "detach", "dns", "dns_search",
     "extra_hosts", "network_mode", "shm_size", "mem_limit", "memswap_limit", "working_dir",
     "user", "shell", "devices", "ports"}
)  # fmt: skip
_LISTS = ("commands", "command", "entrypoint", "dns", "dns_search", "extra_hosts", "ports")
# Keys that no longer mean anything, or are read elsewhere.
_GONE = frozenset(
    {"secrets", "environment", "group", "when", "pull", "volumes", "networks", "network",
     "cpu_quota", "cpu_set", "cpu_shares", "isolation", "labels", "links", "auth_config", "tmpfs"}
)  # fmt: skip
_WHEN = ("event", "branch", "ref", "repo", "instance", "status")


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
    return [document]


class _Draft:
    """A pipeline being put together, with the origins of its parts."""

    def __init__(self, name: str = "default") -> None:
        self.data: dict[str, Any] = {"kind": "pipeline", "name": name, "services": [], "steps": []}
        self.origins: dict[Path, Path] = {}

    def add(self, kind: str, container: dict[str, Any], origin: Path) -> None:
        self.origins[kind, len(self.data[kind])] = origin
        self.data[kind].append(container)

    def document(self, document: Document) -> Document:
        return replace(document, data=self.data, origins=self.origins)


# Drone 0.8


def _map_form(document: Document) -> list[Document]:
    variants = list(_variants(document))
    if not variants:
        return [_variant(document, document.data, "default")]
    budget = Budget()
    return [
        _variant(document, _with_axes(document, axes, budget), f"matrix-{number}")
        for number, axes in enumerate(variants, 1)
    ]


def _variant(document: Document, data: dict[str, Any], name: str) -> Document:
    draft = _Draft(name)
    for key in ("workspace",):
        if data.get(key):
            draft.data[key] = data[key]
    if data.get("branches"):
        draft.data["trigger"] = {"branch": data["branches"]}
        draft.origins["trigger", "branch"] = ("branches",)
    if isinstance(data.get("clone"), dict) and data["clone"]:
        # 0.8 let a repository bring its own first steps; ours has done that work already.
        draft.data["clone"] = {"depth": _depth(data["clone"])}
    volumes: dict[str, str] = {}
    for kind, key in (("services", "services"), ("steps", "pipeline")):
        for step_name, step in _entries(document, data, key):
            here = (key, step_name)
            container = _container(document, step, here, volumes)
            draft.add(kind, {"name": step_name, **container}, here)
            _place_settings(draft, kind, here, container)
    if volumes:
        draft.data["volumes"] = [{"name": n, "host": {"path": p}} for p, n in volumes.items()]
    _keep_groups(draft.data["steps"], data["pipeline"])
    return draft.document(document)


def _entries(document: Document, data: dict[str, Any], key: str) -> Iterator[tuple[str, Any]]:
    section = data.get(key) or {}
    if not isinstance(section, dict):
        raise _refused(document, (key,), f"`{key}` maps names to containers in this form")
    for name, entry in section.items():
        if not isinstance(entry, dict):
            raise _refused(document, (key, name), "this must be a mapping")
        yield name, entry


def _container(
    document: Document, step: dict[str, Any], here: Path, volumes: dict[str, str]
) -> dict[str, Any]:
    made = {key: value for key, value in step.items() if key in _KEPT}
    for key in _LISTS:
        if isinstance(made.get(key), str):
            made[key] = [made[key]]
    settings = {key: step[key] for key in step if key not in _KEPT | _GONE}
    if settings:
        made["settings"] = settings
    environment = {**_environment(step.get("environment")), **_secrets(step.get("secrets"))}
    if environment:
        made["environment"] = environment
    if step.get("pull") is not None:
        made["pull"] = step["pull"]
    if step.get("volumes"):
        made["volumes"] = [_mount(document, one, here, volumes) for one in step["volumes"]]
    if isinstance(step.get("when"), dict):
        made["when"] = _when(step["when"])
    return made


def _place_settings(draft: _Draft, kind: str, here: Path, container: dict[str, Any]) -> None:
    position = len(draft.data[kind]) - 1
    for key in container.get("settings", ()):
        draft.origins[kind, position, "settings", key] = (*here, key)


def _environment(data: Any) -> dict[str, Any]:
    """Read a mapping, or a list of ``NAME=value``."""
    if isinstance(data, dict):
        return data
    pairs = [str(one).partition("=") for one in data] if isinstance(data, list) else []
    return {name: value for name, _, value in pairs}


def _secrets(data: Any) -> dict[str, Any]:
    """Read names, or ``source`` and ``target``; the variable's name is in capitals."""
    found = {}
    for one in data if isinstance(data, list) else []:
        source = one.get("source") if isinstance(one, dict) else one
        target = one.get("target", source) if isinstance(one, dict) else one
        if isinstance(source, str):
            found[str(target).upper()] = {"from_secret": source}
    return found


def _mount(document: Document, one: Any, here: Path, volumes: dict[str, str]) -> dict[str, Any]:
    source, _, target = str(one).partition(":")
    if not target:
        raise _refused(document, (*here, "volumes"), "a volume is written `/host/path:/path`")
    name = volumes.setdefault(source, f"host-{len(volumes) + 1}")
    return {"name": name, "path": target.partition(":")[0]}


def _when(data: dict[str, Any]) -> dict[str, Any]:
    made = {key: data[key] for key in _WHEN if key in data}
    if "environment" in data:
        made["target"] = data["environment"]
    return made


def _depth(clone: dict[str, Any]) -> str:
    depths = (step.get("depth") for step in clone.values() if isinstance(step, dict))
    return str(next((depth for depth in depths if depth), 0))


def _keep_groups(steps: list[dict[str, Any]], pipeline: dict[str, Any]) -> None:
    """Neighbours of one ``group`` ran side by side; everything else one after the other."""
    groups = [step.get("group") for step in pipeline.values()]
    if not any(groups):
        return
    runs = itertools.groupby(zip(groups, steps, strict=True), lambda pair: pair[0] or id(pair[1]))
    before: list[str] = []
    for _, members in runs:
        names = []
        for _, step in members:
            step["depends_on"] = before
            names.append(step["name"])
        before = names


def _variants(document: Document) -> Iterator[dict[str, str]]:
    matrix = document.data.get("matrix")
    if not isinstance(matrix, dict):
        return
    if isinstance(matrix.get("include"), list):
        combinations = [one for one in matrix["include"] if isinstance(one, dict)]
    else:
        axes = {name: values for name, values in matrix.items() if isinstance(values, list)}
        size = 1
        for values in axes.values():
            size *= max(1, len(values))
        if size > _MOST_VARIANTS:
            raise _refused(document, ("matrix",), f"the matrix has {size} variants")
        combinations = [
            dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())
        ]
    if len(combinations) > _MOST_VARIANTS:
        raise _refused(document, ("matrix",), f"the matrix has {len(combinations)} variants")
    if any(len(axes) > _MOST_AXES for axes in combinations):
        raise _refused(document, ("matrix",), f"the matrix has more than {_MOST_AXES} axes")
    for axes in combinations:
        yield {name: str(value) for name, value in axes.items()}


def _with_axes(document: Document, axes: dict[str, str], budget: Budget) -> dict[str, Any]:
    """Put a variant's values in place of ``${AXIS}``, and into every step's environment."""
    data: dict[str, Any] = _replaced(document.data, axes, budget)
    for key in ("pipeline", "services"):
        for _, step in _entries(document, data, key):
            step["environment"] = {**axes, **_environment(step.get("environment"))}
    return data


def _replaced(value: Any, axes: dict[str, str], budget: Budget) -> Any:
    if isinstance(value, dict):
        return {key: _replaced(item, axes, budget) for key, item in value.items()}
    if isinstance(value, list):
        return [_replaced(item, axes, budget) for item in value]
    if not isinstance(value, str) or "${" not in value:
        return value
    try:
        budget.spend(len(value))
        # What is escaped stays so for the substitution that follows.
        return expand(value, axes.__getitem__, lambda _, v: v, escapes=False, budget=budget)
    except BadSubstitution:
        return value


# 2014


def _form_of_2014(document: Document) -> Document:
    data, draft = document.data, _Draft()
    script = data["script"]
    step = {
        "name": "build",
        "image": data["image"],
        "commands": [script] if isinstance(script, str) else script,
        "environment": _environment(data.get("env")),
    }
    draft.add("steps", step, ())
    draft.origins["steps", 0, "commands"] = ("script",)
    draft.origins["steps", 0, "environment"] = ("env",)
    services = data.get("services") or []
    if not isinstance(services, list):
        raise _refused(document, ("services",), "`services` is a list of images in this form")
    for position, image in enumerate(services):
        service = {"name": _service_name(str(image)), "image": image}
        draft.add("services", service, ("services", position))
    if isinstance(data.get("git"), dict):
        draft.data["clone"] = {"depth": data["git"].get("depth", "0")}
        if data["git"].get("path"):
            draft.data["workspace"] = {"base": "/drone/src", "path": data["git"]["path"]}
    if data.get("branches"):
        draft.data["trigger"] = {"branch": data["branches"]}
    return draft.document(document)


def _service_name(image: str) -> str:
    return image.rpartition("/")[2].partition(":")[0].partition("@")[0]


def _refused(document: Document, path: Path, message: str) -> PipelineFileInvalid:
    problem: Problem = document.problem("old-form", path, message)
    return PipelineFileInvalid([problem])
