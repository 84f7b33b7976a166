"""How people write which folders their runs hand on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from include.project.cache import Cache, Caches
from include.project.model import Retention
from slipway.model.cache import CacheLimits

READ = TypeAdapter(Caches)


def read(*entries: dict[str, Any]) -> tuple[Cache, ...]:
    return READ.validate_python(entries)


@pytest.mark.parametrize(
    ("path", "plain"),
    [
        ("node_modules", "node_modules"),
        ("./web/node_modules/", "web/node_modules"),
        ("/root/.m2", "/root/.m2"),
        (".venv", ".venv"),
        ("a b", "a b"),
        (".github", ".github"),
    ],
)
def test_folders(path: str, plain: str) -> None:
    [one] = read({"path": path, "key": "package-lock.json"})
    assert (one.path, one.key) == (plain, ("package-lock.json",))


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("", "is no folder"),
        (".", "is no folder"),
        ("/", "is no folder"),
        ("//", "is no folder"),
        ("..", "leads out of the workspace"),
        ("a/../../b", "leads out of the workspace"),
        (".git", "git's own"),
        (".git/objects", "git's own"),
        ("./.git", "git's own"),
        ("~/.m2", "nothing is put in for ~"),
        ("$HOME/.m2", "nothing is put in for ~"),
        ("a\nb", "is no folder"),
        ("a\0", "is no folder"),
        ("x" * 501, "is no folder"),
    ],
)
def test_what_is_no_folder_is_said(path: str, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        read({"path": path, "key": "go.sum"})


@pytest.mark.parametrize("key", [[], "", "../x", "/etc/passwd", None])
def test_a_cache_has_a_file_that_tells_its_states_apart(key: Any) -> None:
    with pytest.raises(ValidationError):
        read({"path": "vendor", "key": key})


def test_a_folder_is_named_once_and_none_lies_in_another() -> None:
    with pytest.raises(ValidationError, match=r"web is named 2 times"):
        read({"path": "web", "key": "a"}, {"path": "web/", "key": "b"})
    with pytest.raises(ValidationError, match=r"web/x lies in web"):
        read({"path": "web/x", "key": "a"}, {"path": "web", "key": "b"})
    assert len(read({"path": "web", "key": "a"}, {"path": "web2", "key": "b"})) == 2


def test_how_long_and_how_much() -> None:
    assert Retention().cache_limits == CacheLimits()
    own = Retention.model_validate({"caches": "2d", "cache_gib": 1}).cache_limits
    assert (own.unused, own.size) == (timedelta(days=2), 1 << 30)
