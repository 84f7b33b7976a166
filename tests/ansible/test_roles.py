"""Each role says what it does, what it can be told, and what holds that it does so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from slipway.hooks.tools.recipes import LAYERS, recipe

ROOT = Path(__file__).resolve().parents[2]
ROLES = sorted(path for path in (ROOT / "ansible" / "roles").iterdir() if path.is_dir())
by_role = pytest.mark.parametrize("role", ROLES, ids=[one.name for one in ROLES])
_ROW = re.compile(r"^\| `(?P<name>\w+)` \| (?P<default>.*?) \| (?P<what>.+) \|$", re.MULTILINE)
# Modules that fetch from other hosts by Ansible's own code: that of 2.14, the toolbox's, cannot use
# https on a machine with Python 3.12 or later, which Debian 13 and Ubuntu 24.04 have.
_FETCHING = re.compile(r"(^|\.)(get_url|uri|apt_key|apt_repository|rpm_key|win_.*|wait_for_url)$")


def _defaults(role: Path) -> dict[str, Any]:
    file = role / "defaults" / "main.yml"
    return yaml.safe_load(file.read_text()) or {} if file.exists() else {}


@by_role
def test_the_readme_has_every_default_as_it_is(role: Path) -> None:
    rows = {row["name"]: row for row in _ROW.finditer((role / "README.md").read_text())}
    defaults = _defaults(role)
    assert list(rows) == list(defaults)
    for name, row in rows.items():
        shown = row["default"]
        computed = shown.startswith("*")  # a template, or a whole program
        assert computed or yaml.safe_load(shown.strip("`")) == defaults[name], name
        assert not computed or isinstance(defaults[name], str)


@by_role
def test_what_verifies_a_role_is_there_and_is_about_it(role: Path) -> None:
    verified = (role / "README.md").read_text().partition("## Verified by")[2]
    tests = re.findall(r"`(tests/[\w/]+\.py)`", verified)
    assert tests
    for name in tests:
        text = (ROOT / name).read_text()
        assert re.search(rf"\bROLE\b|\b{role.name}\b|ansible|slipway\.machine|images?\b", text)


@pytest.mark.parametrize("layer", LAYERS)
def test_a_word_of_documentation_bakes_nothing_anew(layer: str) -> None:
    assert not [name for name in recipe(ROOT, layer) if name.endswith(".md")]


def _tasks(nodes: Any) -> Iterator[dict[str, Any]]:
    for node in nodes or ():
        if isinstance(node, dict):
            yield node
            for part in ("tasks", "pre_tasks", "post_tasks", "handlers", "block", "rescue"):
                yield from _tasks(node.get(part))


def _fetches(task: dict[str, Any]) -> list[str]:
    """Name what of a task asks another host over https, by Ansible's own code."""
    found = [key for key in task if _FETCHING.search(key)]
    for key, value in task.items():
        for option in ("src", "deb", "url"):
            told = value.get(option) if isinstance(value, dict) else None
            if isinstance(told, str) and told.startswith(("http://", "https://")):
                found.append(f"{key}: {{{option}: {told}}}")
    return found


def test_no_task_fetches_by_what_cannot_on_newer_systems() -> None:
    files = sorted((ROOT / "ansible").rglob("*.yml"))
    assert len(files) > 20
    for file in files:
        for task in _tasks(yaml.safe_load(file.read_text())):
            assert _fetches(task) == [], f"{file}: let apt fetch it, or bring it along in `files`"


@pytest.mark.parametrize(
    "task",
    [
        {"ansible.builtin.get_url": {"url": "https://a.example/x", "dest": "/x"}},
        {"uri": {"url": "{{ somewhere }}"}},
        {"ansible.builtin.apt": {"deb": "https://a.example/x.deb"}},
        {"ansible.builtin.unarchive": {"src": "https://a.example/x.tgz", "remote_src": True}},
        {"apt_key": {"url": "https://a.example/key"}},
    ],
)
def test_every_way_to_fetch_is_known(task: dict[str, Any]) -> None:
    assert _fetches(task)
