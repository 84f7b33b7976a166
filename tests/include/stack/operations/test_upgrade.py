"""An upgrade looks first, interrupts nothing, and holds runs up where it did not come about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from include.stack.operations import backup, upgrade
from include.stack.operations.installation import Installation, OperationFailed


class Calls(list[str]):
    """What Compose was asked for, in order; one of it may fail."""

    broken = ""

    def add(self, words: tuple[str, ...]) -> None:
        said = " ".join(words)
        self.append(said)
        if self.broken and self.broken in said:
            msg = f"{self.broken} broke"
            raise OperationFailed(msg)

    def at(self, words: str) -> int:
        """Return when something was asked for, among all that was."""
        return next(number for number, said in enumerate(self) if words in said)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    made = Calls()
    monkeypatch.setattr(Installation, "compose", lambda _, *words, **__: made.add(words))
    monkeypatch.setattr(Installation, "told", lambda *_: "1\n2\n3")
    monkeypatch.setattr(backup, "fingerprint", lambda _: "abc")
    monkeypatch.setattr(backup, "make", lambda *_: made.add(("a backup",)))
    monkeypatch.setattr(upgrade, "unwell", lambda _: [])
    return made


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return Installation(variables=tmp_path / "variables.env", program=("true",))


def _upgrade(installation: Installation, calls: Calls, *, delivered: bool = True) -> None:
    def deliver() -> bool:
        calls.add(("the DAGs",))
        return delivered

    upgrade.upgrade(installation, Path("/kept"), patience=60, deliver=deliver)


def test_no_run_begins_before_the_dag_files_are_of_the_same_version(
    installation: Installation, calls: Calls
) -> None:
    _upgrade(installation, calls, delivered=False)
    assert not any("maintenance.py off" in said for said in calls)


def test_runs_end_and_a_backup_is_made_before_anything_is_replaced(
    installation: Installation, calls: Calls
) -> None:
    _upgrade(installation, calls)
    order = [
        calls.at(words)
        for words in (
            "config --quiet",
            "build init",
            "init db check",
            "maintenance.py on --by upgrade",
            "a backup",
            "up -d --remove-orphans --scale worker=3",
            "the DAGs",
            "maintenance.py off --by upgrade",
        )
    ]
    assert order == sorted(order)


@pytest.mark.parametrize("broken", ["config", "build", "db check"])
def test_what_is_found_beforehand_holds_nobody_up(
    installation: Installation, calls: Calls, broken: str
) -> None:
    calls.broken = broken
    with pytest.raises(OperationFailed, match="broke"):
        _upgrade(installation, calls)
    assert not [one for one in calls if "maintenance" in one or "up -d" in one]


def test_a_run_that_does_not_end_is_not_cut(installation: Installation, calls: Calls) -> None:
    calls.broken = "maintenance.py on"
    with pytest.raises(OperationFailed, match="nothing was upgraded"):
        _upgrade(installation, calls)
    assert not [one for one in calls if "up -d" in one]


def test_nothing_is_replaced_without_a_backup(installation: Installation, calls: Calls) -> None:
    calls.broken = "a backup"
    with pytest.raises(OperationFailed, match="broke"):
        _upgrade(installation, calls)
    assert not [one for one in calls if "up -d" in one]


def test_no_run_begins_on_a_version_that_is_not_well(
    installation: Installation, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upgrade, "unwell", lambda _: ["/scheduler_1 unhealthy"])
    monkeypatch.setattr(upgrade, "_HEALTHY_WITHIN", 0.0)
    with pytest.raises(OperationFailed, match=r"scheduler_1 unhealthy\n.*from /kept"):
        _upgrade(installation, calls)
    assert not [one for one in calls if "maintenance.py off" in one]


def test_an_upgrade_of_nothing_is_none(
    installation: Installation, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing: Any = lambda *_: ""  # noqa: E731
    monkeypatch.setattr(Installation, "told", nothing)
    with pytest.raises(OperationFailed, match="nothing runs here"):
        _upgrade(installation, calls)
