"""Each benchmark of the list is there, takes its words, and none that there is was left out."""

from __future__ import annotations

from pathlib import Path

from benchmarks.bench.catalogue import ALL

BENCHMARKS = Path(__file__).resolve().parents[3] / "benchmarks"


def source(name: str) -> str:
    file = BENCHMARKS / f"{name}.py"
    return (file if file.exists() else BENCHMARKS / name / "__main__.py").read_text()


def test_each_benchmark_records_and_knows_its_options() -> None:
    for one in ALL:
        text = source(one.name)
        assert "record(" in text, one.name
        for words in (*one.goes, one.small):
            options = [word for word in words.split() if word.startswith("--")]
            assert [option for option in options if f'"{option}"' not in text] == []


def test_every_program_that_records_is_on_the_list() -> None:
    names = {file.stem for file in BENCHMARKS.glob("*.py")} - {"__init__", "__main__"}
    names |= {file.parent.name for file in BENCHMARKS.glob("*/__main__.py")}
    assert {name for name in names if "record(" in source(name)} == {one.name for one in ALL}


def test_those_that_stand_on_the_demo_come_last() -> None:
    needs = [one.demo for one in ALL]
    assert needs == sorted(needs)
