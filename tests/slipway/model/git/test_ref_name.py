from __future__ import annotations

import subprocess

import pytest

from slipway.model.git.ref_name import is_ref_name

NAMES = [
    "main",
    "release/1.4",
    "v1.0.0",
    "größe",
    "a.b",
    "x/refs/heads/main",
    "-x",
    "a..b",
    "a b",
    "a\nb",
    "HEAD^",
    "a:b",
    "@{u}",
    "@",
    "",
    "x.lock",
    "x.lock/y",
    ".x",
    "a/.b",
    "/x",
    "x/",
    "a//b",
    "x.",
    "a\\b",
    "a\x7fb",
    "a*b",
    "a?b",
    "a[b",
    "a~b",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_branch_may_be_called_what_git_lets_it_be_called(name: str) -> None:
    git = subprocess.run(
        ["git", "check-ref-format", "--branch", name], check=False, capture_output=True
    )
    ours = is_ref_name(name)
    assert ours == (git.returncode == 0)


def test_a_name_that_no_file_bears_is_none() -> None:
    assert is_ref_name("x" * 250)
    assert not is_ref_name("x" * 251)
