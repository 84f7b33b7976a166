from __future__ import annotations

import time

import pytest

from slipway.model.git.deliverable import Deliverable, matches


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("main", "main", True),
        ("main", "a/refs/heads/main", False),
        ("release/*", "release/1.4", True),
        ("release/*", "release/1.4/fix", False),
        ("release/*", "x/release/1.4", False),
        ("release/**", "release/1.4/fix", True),
        ("v*", "v1.4.0", True),
        ("v*", "v", True),
        ("v*", "nov1", False),
        ("v?", "v1", True),
        ("v?", "v/", False),
        ("v?", "v10", False),
        ("**", "any/thing", True),
        ("*", "any/thing", False),
        ("v*.0", "v1.0.0", True),
        ("v1.4", "v1x4", False),
        ("MAIN", "main", False),
        ("ma\u0131n", "main", False),
    ],
)
def test_globs_match_whole_names(pattern: str, name: str, expected: bool) -> None:
    assert matches(pattern, name) is expected


def test_a_glob_of_forty_stars_takes_no_time() -> None:
    began = time.monotonic()
    assert not matches("**a" * 40 + "b", "a" * 250)
    assert not matches("*" * 200 + "b", "a" * 250)
    assert time.monotonic() - began < 20


def test_what_a_project_delivers() -> None:
    found = Deliverable(branch="main", branches=("release/*",), tags=("v*",))
    assert found.among(
        [
            "refs/tags/v1",
            "refs/heads/release/1",
            "refs/heads/topic",
            "refs/heads/main",
            "refs/tags/main",
            "refs/pull/1/head",
            "refs/heads/refs/heads/main",
            "main",
        ]
    ) == ["refs/heads/main", "refs/heads/release/1", "refs/tags/v1"]
    assert str(found) == "branch main, branch release/*, tag v*"
