"""What a machine makes of its parameters, before systemd sees any of it."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.ansible.settings import READER, VALUES, environment_file, reader

BELOW = "/slipway/guestbook/dev/"
SECRET = "hunter2-is-not-for-the-journal"


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> Any:
    return reader()


def _run(program: Any, monkeypatch: pytest.MonkeyPatch, target: Path, **found: str) -> str:
    pairs = [(f"{BELOW}{name}", value) for name, value in found.items()]
    monkeypatch.setattr(program, "parameters", lambda: iter(pairs))
    program.main(str(target))
    return target.read_bytes().decode()


def test_every_value_arrives_letter_by_letter(
    program: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    target = tmp_path / "secrets.env"
    assert environment_file(_run(program, monkeypatch, target, **VALUES)) == VALUES
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["secrets.env"]


@pytest.mark.parametrize("name", ["DATABASE-URL", "database.url", "9LIVES", "MOTD ", "ä", "A\nB"])
def test_a_name_that_systemd_would_drop_is_refused_without_its_value(
    program: Any, name: str
) -> None:
    with pytest.raises(program.Unusable) as caught:
        program.variables([(f"{BELOW}{name}", SECRET), (f"{BELOW}FINE", "x")])
    assert repr(name) in str(caught.value)
    assert SECRET not in str(caught.value)


def test_two_paths_that_end_alike_are_refused_with_both(program: Any) -> None:
    pairs = [(f"{BELOW}old/URL", SECRET), (f"{BELOW}new/URL", "x"), (f"{BELOW}URL", "y")]
    with pytest.raises(program.Unusable) as caught:
        program.variables(pairs)
    said = str(caught.value)
    assert all(path in said for path, _ in pairs)
    assert SECRET not in said


def test_a_zero_byte_is_refused_and_not_cut_off_at(program: Any) -> None:
    with pytest.raises(program.Unusable, match=r"dev/KEY: the value holds a zero byte"):
        program.variables([(f"{BELOW}KEY", f"{SECRET}\0rest")])


@pytest.mark.parametrize(
    "odd", ["\ufffe", "\uffff", "\ufdd0", "\ufdef", "\U0001fffe", "\U0010ffff", "\ud800"]
)
def test_a_value_that_systemd_would_print_into_the_journal_is_refused_by_its_path(
    program: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, odd: str
) -> None:
    with pytest.raises(AssertionError, match="systemd drops this value, and prints it"):
        environment_file(program.line("KEY", f"{SECRET}{odd}"))
    with pytest.raises(program.Unusable, match=r"dev/KEY: the value holds what is no") as caught:
        _run(program, monkeypatch, tmp_path / "secrets.env", KEY=f"{SECRET}{odd}", FINE="x")
    assert SECRET not in str(caught.value)
    assert odd not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_all_that_is_wrong_is_said_at_once(program: Any) -> None:
    with pytest.raises(program.Unusable) as caught:
        program.variables([(f"{BELOW}a-b", "1"), (f"{BELOW}x/C", "2"), (f"{BELOW}y/C", "3")])
    assert len(str(caught.value).splitlines()) == 2


def test_a_path_below_another_is_named_for_its_last_part(program: Any) -> None:
    assert program.variables([(f"{BELOW}database/URL", "x")]) == {"URL": "x"}


def test_nothing_is_written_when_something_is_wrong(
    program: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(program.Unusable):
        _run(program, monkeypatch, tmp_path / "secrets.env", GOOD="x", **{"not-good": SECRET})
    assert list(tmp_path.iterdir()) == []


def test_the_unit_fails_and_its_journal_has_no_value(tmp_path: Path) -> None:
    """As the unit runs it: in a process of its own, whose output is the journal."""
    stub = (
        "import sys, runpy, botocore.session\n"
        "class Client:\n"
        "    def get_paginator(self, _): return self\n"
        "    def paginate(self, **_):\n"
        f"        pair = {{'Name': '{BELOW}odd-name', 'Value': '{SECRET}'}}\n"
        "        return [{'Parameters': [pair]}]\n"
        "class Session:\n"
        "    def create_client(self, *_, **__): return Client()\n"
        "botocore.session.get_session = Session\n"
        "sys.argv = sys.argv[1:]\n"
        "runpy.run_path(sys.argv[0], run_name='__main__')\n"
    )
    argv = [sys.executable, "-c", stub, str(READER), str(tmp_path / "s")]
    names = {"SLIPWAY_PROJECT": "guestbook", "SLIPWAY_ENVIRONMENT": "dev", "AWS_REGION": "x"}
    ended = subprocess.run(argv, env=names, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "'odd-name' is no name of a variable" in ended.stderr
    assert SECRET not in ended.stderr + ended.stdout
    assert "Traceback" not in ended.stderr
