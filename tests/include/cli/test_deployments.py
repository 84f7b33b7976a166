"""``fab deploy`` at a real shell, in front of an ``airflow`` that notes what it is asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from include.cli.deployments import tell

ROOT = Path(__file__).resolve().parents[3]
FAB = Path(sys.executable).with_name("fab")
RUN = "manual__2026-11-26T21:00:00+00:00"
AIRFLOW = f"""#!/bin/sh
printf '%s\\n' "$@" --- >> "$NOTES"
case "$2" in
  list-runs)
    echo 'a warning [of something]'
    echo '[{{"run_id": "commit__abc", "state": "running"}}]' ;;
  trigger) echo '[{{"dag_id": "guestbook.prod", "dag_run_id": "{RUN}"}}]' ;;
  *) echo 'http://localhost:8080/' ;;
esac
"""


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    airflow = tmp_path / "airflow"
    airflow.write_text(AIRFLOW)
    airflow.chmod(0o755)
    return tmp_path / "notes"


def fab(notes: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run ``fab`` where no demo runs, so that it asks the ``airflow`` in the path."""
    home = notes.parent / "house"
    if not home.exists():
        home.mkdir()
        for name in ("fabfile.py", "include", "plugins"):
            (home / name).symlink_to(ROOT / name)
    variables = {
        "PATH": f"{notes.parent}:{os.environ['PATH']}",
        "NOTES": str(notes),
        "HOME": str(home),
    }
    return subprocess.run(
        [str(FAB), *words], cwd=home, env=variables, capture_output=True, text=True, check=False
    )


def test_the_words_of_the_readme_start_the_run_that_they_name(notes: Path) -> None:
    ended = fab(notes, "deploy", "guestbook", "prod", "previous")
    assert ended.returncode == 0, ended.stderr
    asked = [call.split("\n") for call in notes.read_text().split("---\n") if call]
    (trigger,) = (call for call in asked if call[1] == "trigger")
    assert trigger[2] == "guestbook.prod"
    assert json.loads(trigger[4]) == {"version": "previous"}


def test_the_run_its_page_and_what_it_waits_for_are_told(notes: Path) -> None:
    told = fab(notes, "deploy", "guestbook", "prod").stdout
    assert f"guestbook.prod: started {RUN}\n" in told
    assert f"http://localhost:8080/dags/guestbook.prod/runs/{quote(RUN)}\n" in told
    assert "it waits for commit__abc" in told
    assert "somebody has to approve its plan" in told


def test_a_reason_with_quotes_arrives_as_it_was_typed(notes: Path) -> None:
    reason = 'it\'s "on fire"; $(touch x) `y`'
    ended = fab(notes, "deploy", "guestbook", "prod", "--override-freeze", reason)
    assert ended.returncode == 0, ended.stderr
    assert json.dumps({"override_freeze": reason}) in notes.read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("deploy", "guestbok", "prod"), "no project 'guestbok'; did you mean guestbook?"),
        (("deploy", "guestbook", "prd"), "guestbook has no environment 'prd'; did you mean prod?"),
        (("build", "gestbook"), "did you mean guestbook?"),
        (("runs", "guestbook", "dve"), "did you mean dev?"),
        (("deploy", "guestbook"), "ENVIRONMENT has to be given"),
        (("diff", "guestbook", "dev"), "TARGET has to be given"),
    ],
)
def test_a_name_that_is_not_there_is_told_with_the_nearest(
    notes: Path, words: tuple[str, ...], said: str
) -> None:
    ended = fab(notes, *words)
    assert ended.returncode == 1
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not notes.exists()


def test_help_says_what_each_word_is(notes: Path) -> None:
    """Invoke forgets it where somebody asked for the words before."""
    told = fab(notes, "diff", "--help").stdout
    assert "the environment that would be given it" in told
    assert "leave out nothing" in told


def test_an_answer_that_is_not_understood_is_shown_as_it_came() -> None:
    told: list[str] = []
    tell("something else\n", "shop", told.append)
    assert told == ["something else"]


def test_brakes_start_a_run_in_which_airflow_knows_who(notes: Path) -> None:
    typed = ("stop", "guestbook", "prod", "--why", "it burns", "--may-pass", "ann,role:op")
    ended = fab(notes, *typed)
    assert ended.returncode == 0, ended.stderr
    asked = [call.split("\n") for call in notes.read_text().split("---\n") if call]
    (trigger,) = (call for call in asked if call[1] == "trigger")
    assert trigger[2] == "controls"
    assert json.loads(trigger[4]) == {
        "action": "stop",
        "project": "guestbook",
        "environment": "prod",
        "why": "it burns",
        "may_pass": "ann,role:op",
    }
    assert "controls: started" in ended.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("hold", "guestbook", "dev"), "say why"),
        (("hold", "guestbook", "dve", "--why", "x"), "did you mean dev"),
        (("hold", "gestbook", "dev", "--why", "x"), "did you mean guestbook"),
    ],
)
def test_a_brake_is_told_before_it_starts_what_it_lacks(
    notes: Path, words: tuple[str, ...], said: str
) -> None:
    ended = fab(notes, *words)
    assert ended.returncode != 0
    assert said in ended.stderr
    assert not notes.exists()
