"""`fab diff` asked of a server: the plan of a dry run, which changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from include.cli.tasks import look

ASKED: tuple[Any, ...] = ("shop", "dev", "prod")


@pytest.fixture
def ordered(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What is ordered of a server."""
    found: list[tuple[Any, ...]] = []
    monkeypatch.setenv("SLIPWAY_SERVER", "https://airflow.example.com")
    monkeypatch.setattr(look, "answer", lambda _: "1.4.0")
    monkeypatch.setattr(look, "order", lambda _, *what, **how: found.append((*what, how)))
    return found


def test_it_is_a_dry_run_of_what_the_first_serves(ordered: list[tuple[Any, ...]]) -> None:
    look.diff.body(None, *ASKED)
    conf = {"version": "1.4.0", "dry_run": True}
    assert ordered == [("shop.prod", conf, {"log_of": "plan"})]


@pytest.mark.parametrize("flag", ["whole", "json"])
def test_what_a_plan_does_not_have_is_asked_elsewhere(
    ordered: list[tuple[Any, ...]], flag: str
) -> None:
    with pytest.raises(SystemExit, match="answered where Airflow is, or with `fab -H`"):
        look.diff.body(None, *ASKED, **{flag: True})
    assert ordered == []


def test_where_no_server_is_named_it_is_read_here(
    ordered: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Any, ...]] = []
    monkeypatch.delenv("SLIPWAY_SERVER")
    monkeypatch.setattr(look, "python", lambda _, *words: asked.append(words))
    look.diff.body(None, *ASKED, whole=True)
    assert (ordered, asked) == ([], [("include.cli.board.diff", *ASKED, "--whole")])
