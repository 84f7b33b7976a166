"""The pages on what can be set are those that the code says, and leave nothing out."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import jsonschema

from include.project import reference
from slipway.provider_info import get_provider_info

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_on_project_files_is_up_to_date() -> None:
    written = (ROOT / "docs" / "project-file.md").read_text()
    assert written == reference.project_file(), "run `make docs`"


def test_the_page_on_settings_is_up_to_date() -> None:
    written = (ROOT / "docs" / "configuration.md").read_text()
    assert written == reference.configuration(), "run `make docs`"


def test_each_setting_that_is_read_is_declared_and_none_else() -> None:
    declared = set(get_provider_info()["config"]["slipway"]["options"])
    assert set(_settings_read()) == declared


def test_airflow_takes_what_it_is_told() -> None:
    schema = json.loads((files("airflow") / "provider_info.schema.json").read_text())
    jsonschema.validate(get_provider_info(), schema)


def _settings_read() -> Iterator[str]:
    """Give the second word of each ``conf.get("slipway", ...)``."""
    for folder in ("plugins", "include", "dags"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                    words = [one.value for one in node.args if isinstance(one, ast.Constant)]
                    if words[:1] == ["slipway"] and node.func.attr.startswith("get"):
                        yield str(words[1])
