"""A command whose reader goes away says nothing of it, whatever it was doing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from include.cli.tasks.pipes import GONE

ROOT = Path(__file__).resolve().parents[4]
FAB = Path(sys.executable).with_name("fab")
FABFILE = """
import sys
from invoke.collection import Collection
from fabric import task
from include.cli.tasks.typed import arrange_words

@task
def talk(c):
    try:
        for number in range(200_000):
            print("line", number, flush={flush})
    except OSError as error:
        sys.stderr.write(f"the server does not answer: {{error}}")

@task
def handon(c):
    c.run("seq 200000")

arrange_words([talk, handon])
namespace = Collection(talk, handon)
"""


def run(*words: str, folder: Path = ROOT) -> subprocess.Popen[bytes]:
    """Begin a command that somebody reads."""
    return subprocess.Popen(
        [str(FAB), *words], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def read_one_line(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    """Read as ``head -1`` does; returns how it ended, and what it said of that."""
    assert process.stdout
    assert process.stderr
    assert process.stdout.readline()
    process.stdout.close()
    complaint = process.stderr.read().decode()
    return process.wait(60), complaint


def lay(folder: Path, *, flush: bool = False) -> None:
    (folder / "fabfile.py").write_text(FABFILE.format(flush=flush))
    (folder / "include").symlink_to(ROOT / "include")


@pytest.mark.parametrize("flush", [True, False])
def test_a_task_ends_as_other_programs_do(tmp_path: Path, flush: bool) -> None:
    """Even where it takes whatever goes wrong for the network's fault."""
    lay(tmp_path, flush=flush)
    assert read_one_line(run("talk", folder=tmp_path)) == (GONE, "")


def test_a_task_that_hands_another_program_on_ends_with_that_one(tmp_path: Path) -> None:
    lay(tmp_path)
    number, complaint = read_one_line(run("handon", folder=tmp_path))
    assert (number in (0, GONE), complaint) == (True, "")


def test_what_is_left_over_when_it_ends_is_no_complaint() -> None:
    """So little is handed over at the very end, after everything else."""
    process = run("--list")
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    assert "Error" not in process.stderr.read().decode()
    assert process.wait(60) in (0, GONE)


def test_the_command_of_the_wheel_begins_in_the_same_place() -> None:
    code = "from include.cli.tasks.program import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "--list"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    assert "Error" not in process.stderr.read().decode()
    assert process.wait(60) in (0, GONE)
