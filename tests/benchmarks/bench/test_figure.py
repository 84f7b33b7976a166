"""Figures: what they say, what they refuse, and where they are kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from benchmarks.bench.figure import FILE, Budget, Figure, at_most, number, record, spread, told


def test_a_spread_is_of_all_samples_whatever_their_order() -> None:
    assert spread([3.0, 1.0, 2.0, 9.0]) == (1.0, 2.5, 9.0)
    assert told([3.0, 1.0, 2.0]) == "1 / 2 / 3"
    assert told([0.5]) == "0.50"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "0"),
        (7, "7"),
        (100_000, "100,000"),
        (1234.5, "1,234"),
        (17.123, "17.1"),
        (1.2345, "1.23"),
        (0.0432, "0.043"),
        (0.00043, "0.0004"),
    ],
)
def test_a_number_has_the_digits_that_say_something(value: float, words: str) -> None:
    assert number(value) == words


@pytest.mark.parametrize(
    ("budget", "met"),
    [
        (None, None),
        (at_most(0.75, "ratio"), True),
        (at_most(0.74, "ratio"), False),
        (at_most(1.5), True),
        (at_most(1.4), False),
        (at_most(4.0, "worst"), True),
        (at_most(3.9, "worst"), False),
    ],
)
def test_a_budget_is_held_against_ratio_median_or_worst(
    budget: Budget | None, met: bool | None
) -> None:
    samples = (1.0, 1.5, 4.0)
    figure = Figure(what="x", ours=samples, yardstick="y", theirs=(2.0,), budget=budget)
    assert figure.ratio == 0.75
    assert figure.met is met


def test_a_yardstick_that_took_nothing_has_no_ratio_and_meets_none() -> None:
    figure = Figure(what="x", ours=(1.0,), yardstick="y", theirs=(0.0,))
    assert figure.ratio is None
    with pytest.raises(ValidationError, match="a budget of a ratio needs a yardstick"):
        Figure(what="x", ours=(1.0,), budget=at_most(1, "ratio"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"ours": ()},
        {"what": ""},
        {"ours": (float("nan"),)},
        {"theirs": (1.0,)},
        {"yardstick": "y"},
        {"size": 3.0},
        {"size_of": "packages"},
        {"colour": "red"},
    ],
)
def test_a_figure_that_is_not_whole_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Figure.model_validate({"what": "x", "ours": (1.0,), **wrong})


def test_by_hand_a_figure_is_printed_and_kept_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(FILE, raising=False)
    monkeypatch.chdir(tmp_path)
    record("a swap", [2.0, 3.0], beside=("floor", [2.0]), budget=at_most(1.1, "ratio"))
    said = "a swap: 2 / 2.50 / 3 s, floor 2 s, ratio 1.25, budget NOT met\n"
    assert capsys.readouterr().out == said
    assert list(tmp_path.iterdir()) == []


def test_under_make_bench_each_figure_is_a_line_that_reads_back_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "lines"
    monkeypatch.setenv(FILE, str(file))
    made = [
        record("published", [0.5], budget=at_most(0.6), size=(5000, "packages")),
        record("lost", [0], unit="packages", budget=at_most(0)),
    ]
    assert [Figure.model_validate_json(one) for one in file.read_text().splitlines()] == made
    assert made[0].label == "published, 5,000 packages"
    assert made[1].met
