"""The operators and sensors as somebody meets them who writes a DAG: parameters, and an example."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from airflow.sdk import BaseOperator

import slipway.operators
import slipway.sensors

# What others are made of: nobody writes these into a DAG.
_MADE_OF = {"BakeOperator", "FleetOperator", "GooseOperator", "LeasedOperator", "FleetSensor"}
_PARAM = re.compile(r"^:param (\w+):", re.MULTILINE)
_EXAMPLE = re.compile(r"^Example::\n\n((?:    .*\n|\n)+)", re.MULTILINE)


def _classes() -> Iterator[type[BaseOperator]]:
    for package in (slipway.operators, slipway.sensors):
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            module = importlib.import_module(info.name)
            for one in vars(module).values():
                mine = inspect.isclass(one) and one.__module__ == info.name
                if mine and issubclass(one, BaseOperator):
                    yield one


CLASSES = sorted(_classes(), key=lambda one: one.__name__)
PUBLIC = [one for one in CLASSES if not one.__name__.startswith("_")]
FOR_DAGS = [one for one in PUBLIC if one.__name__ not in _MADE_OF]
by_class = pytest.mark.parametrize("of", PUBLIC, ids=[one.__name__ for one in PUBLIC])
by_operator = pytest.mark.parametrize("of", FOR_DAGS, ids=[one.__name__ for one in FOR_DAGS])


def _own(of: type[BaseOperator]) -> list[type[BaseOperator]]:
    return [one for one in of.__mro__ if one.__module__.startswith("slipway.")]


def _parameters(of: type[BaseOperator]) -> dict[str, inspect.Parameter]:
    """Return what a class and those that it is made of take, but for what is Airflow's."""
    found: dict[str, inspect.Parameter] = {}
    for one in reversed(_own(of)):
        if "__init__" in vars(one):
            init: Any = vars(one)["__init__"]
            found |= inspect.signature(init).parameters
    kinds = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return {name: one for name, one in found.items() if one.kind in kinds and name != "self"}


def _of_airflow(of: type[BaseOperator]) -> set[str]:
    others = (one for one in of.__mro__ if "__init__" in vars(one) and one not in _own(of))
    return {name for one in others for name in inspect.signature(vars(one)["__init__"]).parameters}


def _text(of: type[BaseOperator]) -> str:
    return textwrap.dedent(inspect.cleandoc(vars(of).get("__doc__") or "")) + "\n"


def _calls(text: str, name: str) -> Iterator[Mapping[str, ast.expr]]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            assert not node.args, "operators take keywords alone"
            yield {word.arg: word.value for word in node.keywords if word.arg}


@by_class
def test_every_parameter_is_explained_and_no_other(of: type[BaseOperator]) -> None:
    explained = {name for one in _own(of) for name in _PARAM.findall(_text(one))}
    assert explained == set(_parameters(of))


@by_class
def test_a_class_explains_all_that_it_takes_itself_or_nothing(of: type[BaseOperator]) -> None:
    """Whoever reads the one class is not told half of it."""
    told = _PARAM.findall(_text(of))
    assert len(set(told)) == len(told)
    if told and "__init__" in vars(of):
        init: Any = vars(of)["__init__"]
        mine = {n for n in inspect.signature(init).parameters if n not in ("self", "kwargs")}
        assert mine <= set(told)


@by_operator
def test_it_has_an_example_that_can_be_copied(of: type[BaseOperator]) -> None:
    found = _EXAMPLE.search(_text(of))
    assert found, "add an `Example::` to the docstring"
    (given,) = _calls(textwrap.dedent(found[1]), of.__name__)
    taken = _parameters(of)
    needed = {name for name, one in taken.items() if one.default is inspect.Parameter.empty}
    assert needed <= given.keys()
    assert given.keys() <= taken.keys() | _of_airflow(of)
    assert "task_id" in given


def test_all_of_them_are_looked_at() -> None:
    assert len(FOR_DAGS) >= 36
