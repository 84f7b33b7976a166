"""``python -m include.project.reference`` writes the pages that say what can be set.

``docs/project-file.md`` comes from the schema of project files, ``docs/configuration.md`` from what
Slipway tells Airflow of its own settings. A test compares both with what is in the tree.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from include.project.schema import render
from slipway.provider_info import get_provider_info

DOCS = Path(__file__).resolve().parents[2] / "docs"
_MADE = "<!-- Written by `make docs`; change the descriptions in the code instead. -->\n"
_PROJECT_FILE = """\
# The project file

One file in `include/projects/` for each project. Editors complete and check it with
[the schema](../include/projects/project.schema.json); `fab check` reads it as Airflow will.
Durations are written `90`, `90s`, `5m`, `2h` or `1d`. A key in **bold** has to be there.
"""
_CONFIGURATION = """\
# Configuration

The settings of the section `[slipway]` of Airflow's configuration. Each is also a variable of the
environment, `AIRFLOW__SLIPWAY__ARTIFACTS` for `artifacts`; `airflow config list --section slipway`
shows what is in force.
"""


def project_file() -> str:
    """Return the page on project files."""
    schema: dict[str, Any] = json.loads(render())
    kinds: dict[str, Any] = schema["$defs"]
    order = list(_reached(schema, kinds))
    sections = [_section("The file itself", schema, kinds)]
    sections += [_section(one, kinds[one], kinds) for one in order if "properties" in kinds[one]]
    return "\n".join([_MADE, _PROJECT_FILE, *sections])


def configuration() -> str:
    """Return the page on Airflow's section ``[slipway]``."""
    options = get_provider_info()["config"]["slipway"]["options"]
    rows = [
        f"| `{name}` | {_default(one)} | {one['description']} |" for name, one in options.items()
    ]
    table = ["| option | default | what it says |", "|---|---|---|", *rows]
    return "\n".join([_MADE, _CONFIGURATION, *table]) + "\n"


def main() -> None:
    """Write both pages."""
    (DOCS / "project-file.md").write_text(project_file(), encoding="utf-8")
    (DOCS / "configuration.md").write_text(configuration(), encoding="utf-8")


def _default(option: Mapping[str, Any]) -> str:
    if option["default"]:
        return f"`{option['default']}`"
    return f"none; such as `{option['example']}`" if option["example"] else "none"


def _reached(schema: Mapping[str, Any], kinds: Mapping[str, Any]) -> Iterator[str]:
    """Give the names of all kinds in the order in which a reader meets them."""
    waiting, met = [schema], set[str]()
    while waiting:
        for name in _references(waiting.pop(0).get("properties", {})):
            if name not in met:
                met.add(name)
                waiting.append(kinds[name])
                yield name


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "$ref" in value:
            yield str(value["$ref"]).rpartition("/")[2]
        for one in value.values():
            yield from _references(one)
    elif isinstance(value, list):
        for one in value:
            yield from _references(one)


def _section(name: str, kind: Mapping[str, Any], kinds: Mapping[str, Any]) -> str:
    """Write one mapping: what it is for, and a row for each of its keys."""
    needed = kind.get("required", ())
    rows = [
        f"| {f'**`{key}`**' if key in needed else f'`{key}`'} | {_kind(one, kinds)} "
        f"| {_written(one)} | {_text(one)} |"
        for key, one in kind["properties"].items()
    ]
    about = "" if name == "The file itself" else _text(kind) + "\n"
    head = ["| key | value | default | |", "|---|---|---|---|"]
    return "\n".join([f"## {name}\n", *([about] if about.strip() else []), *head, *rows, ""])


def _kind(value: Mapping[str, Any], kinds: Mapping[str, Any]) -> str:
    """Say in a word or two what a key takes.

    :param kinds: the mappings and the lists of words that the schema has names for.
    """
    if "$ref" in value:
        name = str(value["$ref"]).rpartition("/")[2]
        if "properties" in kinds[name]:
            return f"[{name}](#{name.lower()})"
        return _kind(kinds[name], kinds)
    if "anyOf" in value:
        return _one_of(value["anyOf"], kinds)
    if "enum" in value:
        return ", ".join(f"`{one}`" for one in value["enum"])
    if value.get("type") == "array":
        return f"list of {_kind(value.get('items', {}), kinds)}"
    if value.get("type") == "object":
        extra = value.get("additionalProperties")
        parts = [*value.get("patternProperties", {}).values()]
        parts += [extra] if isinstance(extra, dict) else []
        return f"names, each with {_kind(parts[0], kinds)}" if parts else "mapping"
    words = {"string": "text", "integer": "number", "boolean": "`true` or `false`"}
    return words.get(str(value.get("type")), str(value.get("type", "anything")))


def _one_of(forms: Sequence[Mapping[str, Any]], kinds: Mapping[str, Any]) -> str:
    found = [_kind(one, kinds) for one in forms if one.get("type") != "null"]
    if any(str(one.get("pattern", "")).endswith("(s|m|h|d)?$") for one in forms):
        found = ["duration", *(kind for kind in found if kind not in ("text", "number"))]
    return ", ".join(dict.fromkeys(found))


def _written(value: Mapping[str, Any]) -> str:
    """Write a default as it would stand in a file."""
    default = value.get("default")
    if default is None or isinstance(default, dict):
        return ""
    if isinstance(default, str) and re.fullmatch(r"P(\d+D|T\S+)", default):
        default = default.removeprefix("P").removeprefix("T").lower()
    return f"`{json.dumps(default) if not isinstance(default, str) else default}`"


def _text(value: Mapping[str, Any]) -> str:
    text = str(value.get("description", "")).partition("\n\n:param")[0]
    return " ".join(text.replace("``", "`").replace("|", "\\|").split())


if __name__ == "__main__":
    main()
