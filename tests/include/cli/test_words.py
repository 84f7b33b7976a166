"""Words in the order in which people type them, and what is said when one is wrong."""

from __future__ import annotations

import pytest

from include.cli.words import Shape, arrange

SHAPES = {
    "deploy": Shape(
        words=("project", "environment", "version"),
        needed=2,
        with_value={
            "--version": "version",
            "-v": "version",
            "--override-freeze": "override_freeze",
            "--environment": "environment",
            "-e": "environment",
        },
    ),
    "lint": Shape(words=("paths",), needed=1, several=True),
    "check": Shape(words=(), needed=0),
}


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("check", "check"),
        ("deploy shop prod", "deploy --project=shop --environment=prod"),
        (
            "deploy shop prod previous",
            "deploy --project=shop --environment=prod --version=previous",
        ),
        (
            "deploy --dry-run shop prod previous",
            "deploy --project=shop --environment=prod --version=previous --dry-run",
        ),
        (
            "deploy shop --override-freeze fire prod 1.4.0+42.g3f2a1b7 --dry-run",
            "deploy --project=shop --environment=prod --version=1.4.0+42.g3f2a1b7"
            " --override-freeze fire --dry-run",
        ),
        (
            "deploy shop previous --environment=prod",
            "deploy --project=shop --version=previous --environment=prod",
        ),
        ("deploy shop previous -e prod", "deploy --project=shop --version=previous -e prod"),
        (
            "deploy shop prod --version 1.0",
            "deploy --project=shop --environment=prod --version 1.0",
        ),
        ("lint a", "lint --paths=a"),
        ("lint a --strict b", "lint --paths=a\nb --strict"),
    ],
)
def test_words_find_their_places(typed: str, expected: str) -> None:
    assert " ".join(arrange(typed.split(), SHAPES).words) == expected


@pytest.mark.parametrize("typed", ["deploy --help", "deploy shop prod -h", "lint a --help"])
def test_help_behind_a_task_is_its_help(typed: str) -> None:
    arranged = arrange(typed.split(), SHAPES)
    assert arranged.help_for == typed.split()[0]
    assert arranged.words == ()


def test_help_before_a_task_is_its_help_as_well() -> None:
    assert arrange(["help", "deploy"], SHAPES).help_for == "deploy"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("deploy", "PROJECT and ENVIRONMENT have to be given: fab deploy PROJECT ENVIRONMENT [VER"),
        ("deploy shop", "ENVIRONMENT has to be given"),
        ("deploy a b c d", "'d' is one word too many: fab deploy PROJECT ENVIRONMENT [VERSION]"),
        ("lint", "PATHS has to be given: fab lint PATHS..."),
        ("deplo shop prod", "did you mean `fab deploy`?"),
        ("xyzzy", "fab knows no task 'xyzzy'; `fab --list` names them all"),
    ],
)
def test_a_wrong_word_is_told_in_a_sentence(typed: str, said: str) -> None:
    with pytest.raises(SystemExit) as told:
        arrange(typed.split(), SHAPES)
    assert said in str(told.value)


def test_nothing_typed_is_nothing_arranged() -> None:
    assert arrange([], SHAPES).words == ()
