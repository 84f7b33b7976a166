"""The forms in which Slipway stores what it knows, kept as files from the day they came.

``forms/MODULE.json`` has examples of each class of a module. None of them is ever changed or taken
away: somebody's store is full of them. A class or a field that is new adds an example::

    python -m tests.slipway.stored.write
"""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
from pathlib import Path

import slipway
from slipway.model.fact import Fact
from slipway.model.facts import Json
from tests.slipway.stored.samples import example

FORMS = Path(__file__).with_name("forms")
# What a build is compiled to lives no longer than its task.
_NOT_STORED = ("slipway.pipeline.",)


def stored() -> dict[str, type[Fact]]:
    """Return the classes that are stored, or told from task to task, by their paths."""
    found: dict[str, type[Fact]] = {}
    for one in pkgutil.walk_packages(slipway.__path__, "slipway."):
        if one.name.startswith(_NOT_STORED):
            continue
        for _, kind in inspect.getmembers(importlib.import_module(one.name), inspect.isclass):
            if issubclass(kind, Fact) and kind is not Fact and kind.__module__ == one.name:
                found[f"{one.name}.{kind.__qualname__}"] = kind
    return found


def kept() -> dict[str, list[Json]]:
    """Return the examples of all classes, by the classes' paths."""
    found: dict[str, list[Json]] = {}
    for file in sorted(FORMS.glob("*.json")):
        for name, examples in json.loads(file.read_text()).items():
            found.setdefault(f"{file.stem}.{name}", []).extend(examples)
    return found


def lacks(kind: type[Fact], examples: list[Json]) -> bool:
    """Tell whether no example has all that is stored today.

    :param kind: a class.
    :param examples: those that are kept of it.
    """
    today = example(kind)
    return not any(_covers(one, today) for one in examples)


def _covers(kept: object, today: object) -> bool:
    if isinstance(today, dict):
        return isinstance(kept, dict) and all(
            name in kept and _covers(kept[name], value) for name, value in today.items()
        )
    if isinstance(today, list):
        return isinstance(kept, list) and bool(kept) and _covers(kept[0], today[0])
    return True


def add() -> None:
    """Add an example of each class that lacks one."""
    there = kept()
    for path, kind in stored().items():
        if lacks(kind, there.get(path, [])):
            module, _, name = path.rpartition(".")
            file = FORMS / f"{module}.json"
            forms = json.loads(file.read_text()) if file.exists() else {}
            forms.setdefault(name, []).append(example(kind))
            file.write_text(json.dumps(forms, indent=1) + "\n")
