"""docs/architecture.md names files and rooms that are there, and leaves no room out."""

from __future__ import annotations

import ast
import re
from collections import Counter
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).resolve().parents[2]
SLIPWAY = ROOT / "plugins" / "slipway"
PAGE = (ROOT / "docs" / "architecture.md").read_text()
PYTHON = {
    file: file.read_text()
    for room in ("plugins", "include", "dags", "benchmarks", "tests")
    for file in (ROOT / room).rglob("*.py")
    if "examples" not in file.parts  # each a repository of its own
}
NAMED = sorted({name for name in re.findall(r"`([a-z_]+(?:/[a-z_]+)+)/?`", PAGE)})


@pytest.mark.parametrize("name", NAMED)
def test_what_the_page_names_is_there(name: str) -> None:
    places = (ROOT / name, SLIPWAY / name, SLIPWAY / f"{name}.py", ROOT / f"{name}.py")
    assert any(place.exists() for place in places)


def test_each_room_has_its_row() -> None:
    rooms_table = PAGE.partition("## A commit's way")[0]
    rows = set(re.findall(r"^\| `([a-z/]+?)/?` \|", rooms_table, re.MULTILINE))
    rooms = {folder.parent.name for folder in SLIPWAY.glob("*/__init__.py")}
    assert rooms == {row for row in rows if "/" not in row and row != "dags"}


@pytest.mark.parametrize("folder", ["plugins/slipway", "include", "benchmarks"])
def test_each_room_says_what_it_is_for(folder: str) -> None:
    for init in (ROOT / folder).rglob("__init__.py"):
        if "examples" not in init.parts:
            assert init.read_text().startswith('"""'), init


def test_no_room_is_crowded_tests_included() -> None:
    rooms = Counter(file.parent for file in PYTHON if file.name != "__init__.py")
    assert {room: count for room, count in rooms.items() if count > 20} == {}


def test_no_file_is_too_long_to_be_read_at_once_tests_included() -> None:
    lines = {file.relative_to(ROOT): len(text.splitlines()) for file, text in PYTHON.items()}
    assert {file: count for file, count in lines.items() if count > 300} == {}
    code = [count for file, count in lines.items() if file.parts[0] in ("plugins", "include")]
    assert median(code) <= 100


def test_what_tests_share_is_in_no_test() -> None:
    """A module is a test and imported by nobody, or holds what tests share and has no test."""
    for file, text in PYTHON.items():
        tree = ast.parse(text)
        is_test = file.name.startswith("test_") or file.name == "conftest.py"
        named = {one.name for one in tree.body if isinstance(one, ast.FunctionDef | ast.ClassDef)}
        assert is_test or not any(name.startswith("test_") for name in named), file
        imported = {name for one in ast.walk(tree) for name in _imported(one)}
        wrong = [one for one in imported if re.fullmatch(r"tests\..*\.test_\w+", one)]
        assert wrong == [], file


def test_benchmarks_and_tests_import_in_no_circle_either() -> None:
    modules = {_module(file): file for file in PYTHON if file.is_relative_to(ROOT / "tests")}
    modules |= {_module(file): file for file in PYTHON if file.is_relative_to(ROOT / "benchmarks")}
    imports = {
        name: {other for one in ast.walk(ast.parse(PYTHON[file])) for other in _imported(one)}
        & (modules.keys() - {name})
        for name, file in modules.items()
    }
    circle: list[str] = []
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        circle = error.args[1]
    assert circle == []


def test_functions_are_short_and_annotated_and_the_formatter_rules() -> None:
    for file, text in PYTHON.items():
        assert "fmt: " + "skip" not in text, file
        for one in ast.walk(ast.parse(text)):
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
                assert one.returns is not None, f"{file}: {one.name}"
                assert _lines(one) <= 50, f"{file}: {one.name}"


def _module(file: Path) -> str:
    name = ".".join(file.relative_to(ROOT).with_suffix("").parts)
    return name.removesuffix(".__init__")


def _imported(node: ast.AST) -> set[str]:
    """Return the modules that a statement may import."""
    if isinstance(node, ast.Import):
        return {one.name for one in node.names}
    if isinstance(node, ast.ImportFrom) and node.module:
        return {node.module, *(f"{node.module}.{one.name}" for one in node.names)}
    return set()


def _lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count a function's lines, from its name to its end; what documents it does not count."""
    first = function.body[0]
    said = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    documented = (first.end_lineno or 0) - first.lineno + 1 if said else 0
    return (function.end_lineno or 0) - function.lineno + 1 - documented
