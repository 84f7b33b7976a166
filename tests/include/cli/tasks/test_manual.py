"""`fab --list` and each task's `--help` are the manual: whole, and true."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from invoke.collection import Collection

from include.cli.tasks.every import TASKS
from include.cli.tasks.of_project import for_project

ROOT = Path(__file__).resolve().parents[4]
FAB = Path(sys.executable).with_name("fab")
MANUAL = "".join(page.read_text() for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
# The longest line of a list that a terminal shows beside the names.
_LONGEST = 100


def parameters(one: Any) -> list[str]:
    return [name for name in inspect.signature(one.body).parameters if name not in ("c", "_")]


@pytest.mark.parametrize("name", TASKS)
def test_each_task_says_what_it_does_and_what_each_word_is(name: str) -> None:
    one = TASKS[name]
    first = inspect.getdoc(one.body).splitlines()[0]  # type: ignore[union-attr]
    assert first[0].isupper()
    assert first.endswith(".")
    assert len(first) <= _LONGEST
    given = {word.replace("_", "-") for word in parameters(one)}
    assert given == {word.replace("_", "-") for word in one.help}, "each word has its help"
    assert set(one.positional) <= set(parameters(one))
    assert all(words and not words.endswith(".") for words in one.help.values())


@pytest.mark.parametrize("name", TASKS)
def test_each_task_is_in_the_manual(name: str) -> None:
    assert re.search(rf"\bfab {name}\b", MANUAL), f"no page of docs names `fab {name}`"


def test_what_the_manual_calls_is_there() -> None:
    called = set(re.findall(r"`fab ([a-z-]+)[ `]", MANUAL)) - {"-H", "--list"}
    assert {one for one in called if not one.startswith("-")} <= set(TASKS)


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(FAB), *words], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )


def test_the_list_names_every_task_with_its_line() -> None:
    listed = run("--list")
    assert listed.returncode == 0, listed.stderr
    names = re.findall(r"(?m)^  ([a-z-]+) ", listed.stdout)
    assert names == sorted(TASKS)


def test_help_is_shown_wherever_it_is_asked_for() -> None:
    for words in (("deploy", "--help"), ("deploy", "shop", "prod", "-h")):
        shown = run(*words)
        assert shown.returncode == 0, shown.stderr
        assert "deploy [--options]" in shown.stdout
        assert "why it goes ahead of others that wait" in shown.stdout


def test_a_projects_own_fabfile_has_the_tasks_without_its_name() -> None:
    found = for_project("shop")
    assert isinstance(found, Collection)
    deploy = found["deploy"]
    assert list(deploy.positional) == ["environment", "version"]
    assert "project" not in {argument.name for argument in deploy.get_arguments()}
    assert "new" not in found.task_names
    given: dict[str, Any] = {}
    original = TASKS["deploy"].body
    TASKS["deploy"].body = lambda c, **words: given.update(words)
    try:
        deploy.body(None, environment="prod", version="previous")
    finally:
        TASKS["deploy"].body = original
    assert given == {"project": "shop", "environment": "prod", "version": "previous"}


@pytest.mark.parametrize("name", ["follow", "logs", "timings"])
@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("prod", "shop.prod"),
        ("eu-west-1", "shop.eu-west-1"),
        ("shop", "shop"),
        ("shop.prod", "shop.prod"),
        ("commit__3f2a1b7", "commit__3f2a1b7"),
        ("3f2a1b7", "3f2a1b7"),
        ("deadbee", "deadbee"),
        ("manual__2026-11-27T19:52:13", "manual__2026-11-27T19:52:13"),
        ("https://airflow/dags/a/runs/b", "https://airflow/dags/a/runs/b"),
    ],
)
def test_in_a_projects_own_fabfile_an_environments_name_means_its_newest_run(
    name: str, said: str, meant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Any] = {}
    word = TASKS[name].positional[0]
    monkeypatch.setattr(TASKS[name], "body", _keeping(TASKS[name].body, given))
    found = for_project("shop")[name]
    assert list(found.positional) == list(TASKS[name].positional)
    assert found.help == TASKS[name].help
    found.body(None, **{word: said})
    assert given[word] == meant


def _keeping(body: Any, given: dict[str, Any]) -> Any:
    def keep(c: Any, **words: Any) -> None:
        given.update(words)

    keep.__name__, keep.__doc__ = body.__name__, body.__doc__
    keep.__signature__ = inspect.signature(body)  # type: ignore[attr-defined]
    return keep


def test_a_repository_adds_tasks_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "fabfile.py").write_text(
        "from fabric import task\n"
        "from include.cli.tasks.of_project import for_project\n"
        'namespace = for_project("shop")\n\n\n'
        "@task\n"
        "def mine(c):\n"
        '    """Do what only this repository does."""\n\n\n'
        "namespace.add_task(mine)\n"
    )
    listed = subprocess.run(
        [str(FAB), "--list"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert listed.returncode == 0, listed.stderr
    assert "mine " in listed.stdout
    assert "deploy " in listed.stdout
    typed = subprocess.run(
        [str(FAB), "deploy"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "ENVIRONMENT has to be given: fab deploy ENVIRONMENT [VERSION]" in typed.stderr


@pytest.mark.parametrize("words", [("image", "shop"), ("maintenance", "status")])
def test_what_no_server_answers_is_asked_of_no_other_in_its_place(words: tuple[str, ...]) -> None:
    refused = subprocess.run(
        [str(FAB), *words],
        cwd=ROOT,
        env={**os.environ, "SLIPWAY_SERVER": "https://airflow.example.com"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert refused.returncode != 0
    assert "cannot be asked of SLIPWAY_SERVER's server" in refused.stderr
