"""Mistakes in a project file, said so that one look at the file is enough.

Pydantic knows which field is wrong, the YAML parser knows where each field stands; this module
brings the two together and adds the nearest right name.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import yaml
from pydantic import BaseModel, ValidationError

from slipway.exceptions import ProjectFileError

Where: TypeAlias = tuple[int | str, ...]
_ASK_FOR = "correct the file; every other project goes on working meanwhile"


@dataclass(frozen=True, kw_only=True, slots=True)
class Mistake:
    """One wrong place in a file; line and column count from 1."""

    line: int
    column: int
    field: str
    problem: str

    def __str__(self) -> str:
        """Return ``line:column: field: problem``."""
        return f"{self.line}:{self.column}: {self.field}: {self.problem}"


def unreadable(path: Path, error: yaml.YAMLError) -> ProjectFileError:
    """Describe a file that is not YAML.

    :param path: the file.
    :param error: what the parser said.
    """
    mark = getattr(error, "problem_mark", None)
    place = f"{mark.line + 1}:{mark.column + 1}" if mark else "1:1"
    problem = getattr(error, "problem", None) or str(error)
    return ProjectFileError(f"{path.name}:{place}: not valid YAML: {problem}", advice=_ASK_FOR)


def misfit(
    path: Path, root: yaml.Node, model: type[BaseModel], error: ValidationError
) -> ProjectFileError:
    """Describe every place where a file does not fit the model.

    :param path: the file.
    :param root: the file's composed nodes, which know their lines.
    :param model: what the file should be.
    :param error: what pydantic said.
    """
    mistakes = sorted(
        (_mistake(root, model, dict(one)) for one in error.errors()),
        key=lambda mistake: (mistake.line, mistake.column),
    )
    lines = "\n".join(f"{path.name}:{mistake}" for mistake in mistakes)
    return ProjectFileError(lines, advice=_ASK_FOR)


def _mistake(root: yaml.Node, model: type[BaseModel], error: dict[str, Any]) -> Mistake:
    where: Where = tuple(error["loc"])
    at_key = error["type"] == "extra_forbidden"
    mark = _locate(root, where, at_key=at_key)
    problem = error["msg"].removeprefix("Value error, ")
    if at_key:
        problem = f"unknown field{_suggest(str(where[-1]), _fields(model, where[:-1]))}"
    elif error["type"] == "missing":
        problem = "this field is required"
    elif error["type"] == "enum":
        problem = f"{problem}, not {error['input']!r}"
    elif error["type"] == "string_pattern_mismatch":
        problem = f"{error['input']!r} is not allowed here; it must match {error['ctx']['pattern']}"
    return Mistake(
        line=mark.line + 1, column=mark.column + 1, problem=problem,
        field=".".join(str(part) for part in where) or "(the whole file)",
    )  # fmt: skip


def _locate(node: yaml.Node, where: Where, *, at_key: bool) -> yaml.Mark:
    """Walk down as far as the file goes: a missing field is reported at its parent."""
    mark = node.start_mark
    for depth, part in enumerate(where):
        found = next((pair for pair in _children(node) if pair[0] == part), None)
        if found is None:
            break
        _, key_mark, node = found
        last = depth == len(where) - 1
        mark = key_mark if (last and at_key) else node.start_mark
        if not last and isinstance(node, yaml.MappingNode):
            mark = key_mark
    return mark


def _children(node: yaml.Node) -> Iterator[tuple[int | str, yaml.Mark, yaml.Node]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key.value, key.start_mark, value
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield index, item.start_mark, item


def _fields(model: type[BaseModel], where: Where) -> list[str]:
    """List the fields that the model allows at a place."""
    kind: type[BaseModel] | None = model
    for part in where:
        field = kind.model_fields.get(str(part)) if kind else None
        if field is not None:  # otherwise the part is a key or an index inside the last field
            kind = _model_in(field.annotation)
    fields = kind.model_fields.items() if kind else ()
    return [field.alias or name for name, field in fields]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Find the model inside ``Model | None`` or ``dict[str, Model]``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    candidates = (_model_in(argument) for argument in getattr(annotation, "__args__", ()))
    return next((found for found in candidates if found is not None), None)


def _suggest(wrong: str, right: list[str]) -> str:
    near = difflib.get_close_matches(wrong, right, n=1, cutoff=0.5)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; there is {', '.join(right)}" if right else ""
