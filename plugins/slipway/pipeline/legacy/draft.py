"""What the conversions of earlier forms share: a pipeline of today's form in the making."""

from __future__ import annotations

import itertools
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from slipway.pipeline.legacy.draft_when import as_conditions, refusal
from slipway.pipeline.yaml.diagnostics import Path
from slipway.pipeline.yaml.substitution import BadSubstitution, Budget, expand

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from slipway.pipeline.yaml.document import Document

# A matrix of more is a mistake or an attack.
_MOST_VARIANTS, _MOST_AXES = 25, 20
# Keys of a 0.8 step that are the same today.
_KEPT = frozenset(
    {
        "image",
        "commands",
        "command",
        "entrypoint",
        "privileged",
        "detach",
        "dns",
        "dns_search",
        "extra_hosts",
        "network_mode",
        "shm_size",
        "mem_limit",
        "memswap_limit",
        "working_dir",
        "user",
        "shell",
        "devices",
        "ports",
    }
)
_READ = frozenset({"secrets", "environment", "group", "when", "pull", "volumes"})
_LISTS = ("commands", "command", "entrypoint", "dns", "dns_search", "extra_hosts", "ports")
# Keys that no longer mean anything.
_GONE = frozenset(
    {
        "networks",
        "network",
        "cpu_quota",
        "cpu_set",
        "cpu_shares",
        "isolation",
        "labels",
        "links",
        "auth_config",
        "tmpfs",
    }
)


class Draft:
    """A pipeline being put together, with the origins of its parts.

    :param name: of the pipeline.
    """

    def __init__(self, name: str = "default") -> None:
        self.data: dict[str, Any] = {"kind": "pipeline", "name": name, "services": [], "steps": []}
        self.origins: dict[Path, Path] = {}

    def add(self, kind: str, container: dict[str, Any], origin: Path) -> None:
        """Add a step or service.

        :param kind: ``steps`` or ``services``.
        :param container: as the present form has it.
        :param origin: where in the file it stands.
        """
        self.origins[kind, len(self.data[kind])] = origin
        for key in container.get("settings", ()):
            self.origins[kind, len(self.data[kind]), "settings", key] = (*origin, key)
        self.data[kind].append(container)

    def mount_hosts(self, volumes: Mapping[str, Path]) -> None:
        """Add folders of the worker as volumes: path on the worker -> where it was asked for."""
        if volumes:
            self.data["volumes"] = [
                {"name": f"host-{number}", "host": {"path": path}}
                for number, path in enumerate(volumes, 1)
            ]
            for position, place in enumerate(volumes.values()):
                self.origins["volumes", position] = place

    def document(self, document: Document) -> Document:
        """Return the document that this has become."""
        return replace(document, data=self.data, origins=self.origins)


def warn_of_keys(document: Document, known: Collection[str]) -> None:
    """Name the top keys of an earlier form that mean nothing here."""
    for key in document.data:
        if key not in known and not key.startswith(("x-", ".", "_")):
            message = f"`{key}` of this form is not converted, so it is ignored"
            document.warn("unknown-key", (key,), message, at_key=True)


def warn_of_rest(
    document: Document, path: Path, data: dict[str, Any], known: Collection[str]
) -> None:
    """Name the keys of a part of an earlier form that mean nothing here."""
    for key in data:
        if key not in known:
            message = f"`{key}` of this form is not converted, so it is ignored"
            document.warn("unknown-key", (*path, key), message, at_key=True)


def entries(document: Document, data: dict[str, Any], key: str) -> Iterator[tuple[str, Any]]:
    """Yield the named containers under a key.

    :raises PipelineFileInvalid: when they are none.
    """
    section = data.get(key) or {}
    if not isinstance(section, dict):
        raise refusal(document, (key,), f"`{key}` maps names to containers in this form")
    for name, given in section.items():
        entry = {} if given is None else given
        if not isinstance(entry, dict):
            raise refusal(document, (key, name), "this must be a mapping")
        yield name, entry


def as_container(
    document: Document, step: dict[str, Any], here: Path, volumes: dict[str, Path]
) -> dict[str, Any]:
    """Convert a container of 0.8.

    :param document: told of what cannot be converted.
    :param step: as 0.8 has it.
    :param here: where it stands.
    :param volumes: folders of the worker, and where they were asked for; what it mounts is added.
    """
    made = {key: value for key, value in step.items() if key in _KEPT}
    for key in _LISTS:
        if isinstance(made.get(key), str):
            made[key] = _words(document, (*here, key), made[key])
    for key in sorted(_GONE & step.keys()):
        message = f"`{key}` means nothing any more, so it is ignored"
        document.warn("unknown-key", (*here, key), message, at_key=True)
    settings = {key: step[key] for key in step if key not in _KEPT | _GONE | _READ}
    if settings:
        made["settings"] = settings
    secrets = secret_variables(document, (*here, "secrets"), step.get("secrets"))
    own = as_variables(step.get("environment"), document, (*here, "environment"))
    environment = {**own, **secrets}
    if environment:
        made["environment"] = environment
    if step.get("pull") is not None:
        made["pull"] = step["pull"]
    if step.get("volumes"):
        mounts = step["volumes"] if isinstance(step["volumes"], list) else [step["volumes"]]
        made["volumes"] = [
            as_mount(document, one, (*here, "volumes", i), volumes) for i, one in enumerate(mounts)
        ]
    if step.get("when") is not None:
        made["when"] = as_conditions(document, (*here, "when"), step["when"])
    return made


def _words(document: Document, path: Path, text: str) -> list[str]:
    """Read a list that was written as one text: what a container runs was split into words."""
    if path[-1] not in ("command", "entrypoint"):
        return [text]
    try:
        words = shlex.split(text)
    except ValueError:
        words = [text]
    if len(words) > 1:
        message = f"this is read as {len(words)} words, as Drone 0.8 did, and not as one"
        document.warn("words", path, message, advice=f"write `{words!r}`")
    return words


def as_variables(data: Any, document: Document | None = None, path: Path = ()) -> dict[str, Any]:
    """Read a mapping, or a list of ``NAME=value``.

    :param data: what stands there.
    :param document: told of what is neither.
    :param path: where it stands.
    """
    if isinstance(data, dict):
        return data
    pairs = [str(one).partition("=") for one in data] if isinstance(data, list) else []
    if document is not None and data is not None and not isinstance(data, list):
        message = "this is no list of `NAME=value`, so it is ignored"
        document.warn("variables", path, message, advice="put `- ` before it")
    return {name: value for name, _, value in pairs}


def secret_variables(document: Document, path: Path, data: Any) -> dict[str, Any]:
    """Read names, or ``source`` and ``target``; the variable's name is in capitals."""
    found = {}
    if data is not None and not isinstance(data, list):
        message = "this is no list of secrets, so it is ignored"
        document.warn("secrets", path, message, advice="put `- ` before it")
    for i, one in enumerate(data if isinstance(data, list) else []):
        source = one.get("source") if isinstance(one, dict) else one
        target = one.get("target", source) if isinstance(one, dict) else one
        if isinstance(source, str):
            found[str(target).upper()] = {"from_secret": source}
        else:
            document.warn("secrets", (*path, i), "this names no secret, so it is ignored")
    return found


def as_mount(document: Document, one: Any, here: Path, volumes: dict[str, Path]) -> dict[str, Any]:
    """Convert ``/host/path:/path``.

    :param document: told of what is of another form.
    :param one: what stands there.
    :param here: where it stands.
    :param volumes: folders of the worker, and where they were asked for; this one is added.
    :raises PipelineFileInvalid: when it is not of that form.
    """
    source, _, target = str(one).partition(":")
    if not target:
        raise refusal(document, here[:-1], "a volume is written `/host/path:/path`")
    volumes.setdefault(source, here)
    name = f"host-{list(volumes).index(source) + 1}"
    return {"name": name, "path": target.partition(":")[0]}


def matrix_variants(document: Document) -> Iterator[dict[str, str]]:
    """Yield the values of each variant of a document's matrix.

    :raises PipelineFileInvalid: when there are too many.
    """
    matrix = document.data.get("matrix")
    if not isinstance(matrix, dict):
        if matrix is not None:
            document.warn("matrix", ("matrix",), "this has no axes, so it is ignored")
        return
    _warn_of_axes(document, matrix)
    if isinstance(matrix.get("include"), list):
        combinations = [one for one in matrix["include"] if isinstance(one, dict)]
    else:
        axes = {name: values for name, values in matrix.items() if isinstance(values, list)}
        size = 1
        for values in axes.values():
            size *= max(1, len(values))
        if size > _MOST_VARIANTS:
            raise refusal(document, ("matrix",), f"the matrix has {size} variants")
        combinations = [
            dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())
        ]
    if len(combinations) > _MOST_VARIANTS:
        raise refusal(document, ("matrix",), f"the matrix has {len(combinations)} variants")
    if any(len(axes) > _MOST_AXES for axes in combinations):
        raise refusal(document, ("matrix",), f"the matrix has more than {_MOST_AXES} axes")
    for axes in combinations:
        yield {name: "" if value is None else str(value) for name, value in axes.items()}


def _warn_of_axes(document: Document, matrix: dict[str, Any]) -> None:
    if isinstance(matrix.get("include"), list):
        return
    for name, values in matrix.items():
        if not isinstance(values, list):
            message = f"`{name}` has no list of values, so it is no axis and nothing is replaced"
            document.warn("matrix", ("matrix", name), message, advice="put its value in brackets")


def with_values(value: Any, axes: dict[str, str], budget: Budget) -> Any:
    """Put a variant's values in place of ``${AXIS}``, in every text."""
    if isinstance(value, dict):
        return {key: with_values(item, axes, budget) for key, item in value.items()}
    if isinstance(value, list):
        return [with_values(item, axes, budget) for item in value]
    if not isinstance(value, str) or "${" not in value:
        return value
    try:
        budget.spend(len(value))
        # What is escaped stays so for the substitution that follows.
        return expand(value, axes.__getitem__, lambda _, v: v, escapes=False, budget=budget)
    except BadSubstitution:
        return value
