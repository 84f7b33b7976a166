"""What a public docstring says of parameters is all of them, or none: never half."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = [
    file
    for room in ("plugins/slipway", "include")
    for file in sorted((ROOT / room).rglob("*.py"))
    if "examples" not in file.parts  # each a repository of its own
]
_PARAM = re.compile(r"^:param \**(\w+):", re.MULTILINE)
_Documented = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def half_told(source: str) -> dict[str, set[str]]:
    """Return what is missing in docstrings, or there too much, by the name of their owner."""
    found: dict[str, set[str]] = {}
    for node, name, in_class in _public(ast.parse(source)):
        told = _PARAM.findall(ast.get_docstring(node) or "")
        if told:
            takes, may_take = _parameters(node, in_class)
            # A class that takes nothing itself tells of what another makes it of.
            inherits = isinstance(node, ast.ClassDef) and not takes
            unknown = set() if inherits else set(told) - takes - may_take
            wrong = (takes - set(told)) | unknown | {one for one in told if told.count(one) > 1}
            found |= {name: wrong} if wrong else {}
    return found


def _public(
    node: ast.AST, name: str = "", in_class: bool = False
) -> Iterator[tuple[_Documented, str, bool]]:
    for one in ast.iter_child_nodes(node):
        if isinstance(one, _Documented) and not one.name.startswith("_"):
            yield one, f"{name}{one.name}", in_class
            if isinstance(one, ast.ClassDef):
                yield from _public(one, f"{name}{one.name}.", True)


def _parameters(node: _Documented, in_class: bool) -> tuple[set[str], set[str]]:
    """Return what must be told, and what may be: arguments that are handed on by any name."""
    if not isinstance(node, ast.ClassDef):
        own = node.args.posonlyargs + node.args.args
        static = any(ast.unparse(one) == "staticmethod" for one in node.decorator_list)
        own = own[1:] if in_class and not static else own
        rest = {node.args.kwarg.arg} if node.args.kwarg else set()
        further = [node.args.vararg] if node.args.vararg else []
        return {one.arg for one in [*own, *further, *node.args.kwonlyargs]}, rest
    for one in node.body:
        if isinstance(one, ast.FunctionDef) and one.name == "__init__":
            taken, rest = _parameters(one, in_class=True)
            # Those go to the class that it is made of, which tells of them as well.
            return taken, rest and set(_PARAM.findall(ast.get_docstring(node) or ""))
    return {name for one in node.body if (name := _field(one))}, set()


def _field(one: ast.stmt) -> str:
    """Return the name of a field of a dataclass; empty for anything else."""
    if not isinstance(one, ast.AnnAssign) or not isinstance(one.target, ast.Name):
        return ""
    private = one.target.id.startswith("_") or "ClassVar" in ast.unparse(one.annotation)
    return "" if private else one.target.id


@pytest.mark.parametrize("file", FILES, ids=[str(one.relative_to(ROOT)) for one in FILES])
def test_parameters_are_complete_or_absent(file: Path) -> None:
    assert half_told(file.read_text()) == {}


@pytest.mark.parametrize(
    ("source", "wrong"),
    [
        ("def f(a, b): 'x\\n\\n:param a: it.\\n:param b: it.'", {}),
        ("def f(a, b): 'x'", {}),
        ("def f(a, b): 'x\\n\\n:param a: it.'", {"f": {"b"}}),
        ("def f(*a, b=1, **c): 'x\\n\\n:param b: it.'", {"f": {"a"}}),
        ("def f(a, **c): 'x\\n\\n:param a: it.\\n:param c: it.'", {}),
        ("def f(a): 'x\\n\\n:param a: it.\\n:param c: it.'", {"f": {"c"}}),
        ("class A:\n def f(self, a, b): 'x\\n\\n:param a: it.'", {"A.f": {"b"}}),
        ("class A:\n 'x\\n\\n:param a: it.'\n def __init__(self, a, b): pass", {"A": {"b"}}),
        ("class A:\n 'x\\n\\n:param a: it.'\n a: int\n b: int = 1\n _c: int = 2", {"A": {"b"}}),
        ("def f(): 'x\\n\\n:param a: it.'", {"f": {"a"}}),
        ("class A(B): 'x\\n\\n:param a: it.'", {}),
        ("def _f(a, b): 'x\\n\\n:param a: it.'", {}),
    ],
)
def test_a_half_list_is_seen(source: str, wrong: dict[str, set[str]]) -> None:
    assert half_told(source) == wrong
