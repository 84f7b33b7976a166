"""Values that do not fit where they stand, and that Drone's decoder passes over.

They are taken out of a document's data before a model sees it, or put as they were meant, and the
document's warnings tell of each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from slipway.model.text.nearest import nearest
from slipway.pipeline.yaml.conditions import Conditions
from slipway.pipeline.yaml.values import as_bytes, as_cpu, read_port

if TYPE_CHECKING:
    from slipway.pipeline.yaml.diagnostics import Path
    from slipway.pipeline.yaml.document import Document

_BY_NAME = "from_secret"
# Words of others for it, beside those that look like it.
_OTHER_WORDS = ("secret", "secrets", "secretkeyref", "secret_name", "valuefrom", "vault")
_AMOUNTS: dict[str, Callable[[Any], int]] = {"cpu": as_cpu, "memory": as_bytes}


def settle(document: Document) -> None:
    """Leave nothing in a document's data that is there in vain and that a model would refuse."""
    data = document.data
    _conditions(document, ("trigger",), data.get("trigger"))
    _variables(document, ("environment",), data.get("environment"))
    for path, step in _containers(data):
        _conditions(document, (*path, "when"), step.get("when"))
        _variables(document, (*path, "environment"), step.get("environment"))
        _settings(document, (*path, "settings"), step.get("settings"))
        if step.get("ports") is not None:
            step["ports"] = _ports(document, (*path, "ports"), step["ports"])
        if step.get("resources") is not None:
            step["resources"] = _resources(document, (*path, "resources"), step["resources"])


def _containers(data: dict[str, Any]) -> Iterator[tuple[Path, dict[str, Any]]]:
    for kind in ("services", "steps"):
        found = data.get(kind)
        for i, step in enumerate(found if isinstance(found, list) else ()):
            if isinstance(step, dict):
                yield (kind, i), step


# Conditions


def _conditions(document: Document, path: Path, data: Any) -> None:
    for key in Conditions.model_fields if isinstance(data, dict) else ():
        value = data.get(key)
        if isinstance(value, list):
            data[key] = _patterns(document, (*path, key), value)
        elif isinstance(value, dict):
            for part in ("include", "exclude"):
                if value.get(part) is not None:
                    value[part] = _listed(document, (*path, key, part), value[part])


def _listed(document: Document, path: Path, value: Any) -> list[Any]:
    if isinstance(value, list):
        return _patterns(document, path, value)
    if isinstance(value, str):
        message = f"`{path[-1]}` takes a list, and Drone reads none here"
        advice = f"write `[{value}]`, which it is taken for"
        document.warn("condition", path, message, advice=advice)
        return [value]
    message = f"`{path[-1]}` takes a list, so this is ignored"
    document.warn("condition", path, message)
    return []


def _patterns(document: Document, path: Path, values: list[Any]) -> list[str]:
    found = []
    for i, value in enumerate(values):
        if value is None or isinstance(value, str):
            found.append(value or "")
            continue
        kind = "a list in a list" if isinstance(value, list) else "a mapping"
        advice = "write its patterns one by one" if isinstance(value, list) else ""
        message = f"{kind} is no pattern, so it is ignored"
        document.warn("condition", (*path, i), message, advice=advice)
    return found


# Variables and settings


def _variables(document: Document, path: Path, data: Any) -> None:
    """Name the keys of a variable's value that mean nothing: without its secret it is empty."""
    for name, value in data.items() if isinstance(data, dict) else ():
        if not isinstance(value, dict):
            continue
        for key in [key for key in value if key not in (_BY_NAME, "value")]:
            message = f"there is no key `{key}` here, so it is ignored"
            advice = "" if _BY_NAME in value else f"did you mean `{_BY_NAME}`?"
            document.warn("unknown-key", (*path, name, key), message, advice=advice, at_key=True)
        if _BY_NAME in value and value[_BY_NAME] in (None, ""):
            message = "no secret is named here, so the variable is empty"
            document.warn("no-secret", (*path, name, _BY_NAME), message)
            del value[_BY_NAME]


def _settings(document: Document, path: Path, data: Any) -> None:
    """Name what was meant for a secret: any other mapping is a setting of the plugin's."""
    for name, value in data.items() if isinstance(data, dict) else ():
        if not isinstance(value, dict) or len(value) != 1:
            continue
        (key,) = value
        if key != _BY_NAME and _means_a_secret(key):
            message = f"`{key}` is given to the plugin as it is"
            document.warn(
                "unknown-key",
                (*path, name, key),
                message,
                advice=f"did you mean `{_BY_NAME}`?",
                at_key=True,
            )


def _means_a_secret(key: str) -> bool:
    word = key[:40].lower().replace("-", "_")
    near = nearest(word, [_BY_NAME, "fromsecret"], alike=0.8)
    return bool(near) or word in _OTHER_WORDS


# What the docker runner does not know at all


def _ports(document: Document, path: Path, data: Any) -> list[dict[str, Any]]:
    found = []
    for i, one in enumerate(data if isinstance(data, list) else [data]):
        port = read_port(one)
        if port is not None:
            found.append(port)
            continue
        place = (*path, i) if isinstance(data, list) else path
        message = "this is not a port of one container, so it is ignored"
        document.warn("ports", place, message, advice="write it like 80 or 8080:80")
    return found


def _resources(document: Document, path: Path, data: Any) -> dict[str, Any] | None:
    if not isinstance(data, dict):
        document.warn("resources", path, "this limits nothing", advice=_RESOURCES)
        return None
    limits = data.get("limits")
    if limits is None:
        return data
    if not isinstance(limits, dict):
        document.warn("resources", (*path, "limits"), "this limits nothing", advice=_RESOURCES)
        return {**data, "limits": None}
    for key, read in _AMOUNTS.items():
        if limits.get(key) is not None:
            limits[key] = _amount(document, (*path, "limits", key), limits[key], read)
    return data


_RESOURCES = "write `limits: {cpu: 500, memory: 512MiB}`, in thousandths of a core"


def _amount(document: Document, path: Path, value: Any, read: Callable[[Any], int]) -> str | None:
    try:
        amount = str(read(value))
    except ValueError:
        document.warn("resources", path, "this limits nothing", advice=_RESOURCES)
        return None
    if path[-1] == "cpu" and amount != value:
        message = f"`{value}` is how Kubernetes writes it, and is read as {amount}"
        document.warn("resources", path, message, advice="it is in thousandths of a core here")
    return amount
