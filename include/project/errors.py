"""Mistakes in a project file, said so that one look at the file is enough.

Pydantic knows which field is wrong, the YAML parser knows where each field stands; this module
brings the two together and adds the nearest right name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import yaml
from pydantic import BaseModel, ValidationError

from include.project.field_types import in_words
from slipway.exceptions import ProjectFileError
from slipway.model.text.nearest import suggestion

# What pydantic says of a value of the wrong kind, in words of a file.
_WANTED = {
    "string_type": "no text; put it in quotes",
    "int_type": "no whole number",
    "int_parsing": "no whole number",
    "int_from_float": "no whole number",
    "bool_type": "neither true nor false",
    "bool_parsing": "neither true nor false",
    "tuple_type": "no list; write [one, another], or one a line with a dash in front",
    "dict_type": "no mapping; write `name: value`, one a line",
    "model_type": "no mapping; write the fields below it, one a line",
}

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


def unreadable(file: str, error: Exception) -> ProjectFileError:
    """Describe a file that is not YAML.

    :param file: how it is called in messages.
    :param error: what the parser said.
    """
    mark = getattr(error, "problem_mark", None)
    place = f"{mark.line + 1}:{mark.column + 1}" if mark else "1:1"
    problem = getattr(error, "problem", None) or str(error)
    return ProjectFileError(f"{file}:{place}: not valid YAML: {problem}", advice=_ASK_FOR)


def repeated(file: str, root: yaml.Node) -> ProjectFileError | None:
    """Describe keys that a mapping has twice, of which YAML takes the last without a word.

    :param file: how it is called in messages.
    :param root: the file's composed nodes.
    """
    lines = "\n".join(f"{file}:{mistake}" for mistake in _repeated(root, (), set()))
    return ProjectFileError(lines, advice=_ASK_FOR) if lines else None


def _repeated(node: yaml.Node, where: Where, seen: set[int]) -> Iterator[Mistake]:
    """Look at each node once: an alias may name one that it is inside of."""
    if id(node) in seen:
        return
    seen.add(id(node))
    first: dict[int | str, yaml.Mark] = {}
    for key, mark, value in _children(node):
        if key in first:
            yield Mistake(
                line=mark.line + 1,
                column=mark.column + 1,
                field=".".join(str(part) for part in (*where, key)),
                problem=f"this key is here twice, first in line {first[key].line + 1}",
            )
        first.setdefault(key, mark)
        yield from _repeated(value, (*where, key), seen)


def misfit(
    file: str, root: yaml.Node, model: type[BaseModel], error: ValidationError
) -> ProjectFileError:
    """Describe every place where a file does not fit the model.

    :param file: how it is called in messages.
    :param root: the file's composed nodes, which know their lines.
    :param model: what the file should be.
    :param error: what pydantic said.
    """
    mistakes = sorted(
        (_mistake(root, model, dict(one)) for one in error.errors()),
        key=lambda mistake: (mistake.line, mistake.column),
    )
    lines = "\n".join(f"{file}:{mistake}" for mistake in mistakes)
    return ProjectFileError(lines, advice=_ASK_FOR)


def _mistake(root: yaml.Node, model: type[BaseModel], error: dict[str, Any]) -> Mistake:
    where: Where = tuple(error["loc"])
    at_key = error["type"] == "extra_forbidden"
    mark = _locate(root, where, at_key=at_key)
    if at_key:
        problem = f"unknown field{suggestion(str(where[-1]), _fields(model, where[:-1]))}"
    else:
        problem = _problem(error)
    return Mistake(
        line=mark.line + 1,
        column=mark.column + 1,
        problem=problem,
        field=".".join(str(part) for part in where) or "(the whole file)",
    )


def _problem(error: dict[str, Any]) -> str:
    """Say in words what pydantic found, and what may stand there."""
    said = str(error["msg"]).removeprefix("Value error, ")
    kind, found = error["type"], error["input"]
    if kind == "missing":
        return "this field is required"
    if kind == "enum":
        return f"{said}, not {found!r}"
    if kind == "string_pattern_mismatch":
        return f"{found!r} is not allowed here; write {in_words(error['ctx']['pattern'])}"
    if wanted := _WANTED.get(kind):
        return f"{_shown(found)} is {wanted}"
    return f"i{said[1:]}" if said.startswith("Input ") else said


def _shown(found: object) -> str:
    """Show a value as the file has it, more or less."""
    if found is None or isinstance(found, bool):
        return {None: "nothing", True: "true", False: "false"}[found]
    return repr(found) if isinstance(found, str | int | float) else "what stands here"


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
