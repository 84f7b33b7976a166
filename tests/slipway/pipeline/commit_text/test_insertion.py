"""What a commit says reaches commands as text: it arrives as Drone would paste it, and never runs.

Everything is run by real shells, in a folder in which a file ``pwned`` tells of a command.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.pipeline.commit_text.insertion import CommitTextInCode
from slipway.pipeline.compiler.script import with_variables
from tests.slipway.pipeline.commit_text.insertion.commands import (
    ARRIVES,
    AUTHOR,
    EVIL,
    REFUSED,
    SHELLS,
    SOMETIMES,
)

if TYPE_CHECKING:
    from pathlib import Path


def run(shell: str, command: str, message: str, folder: Path) -> str:
    """Run a command the way a step does; ``${M}`` in it is the commit's message."""
    command = command.replace("${M}", "${DRONE_COMMIT_MESSAGE}")
    texts, computed = with_variables([command], {"DRONE_COMMIT_MESSAGE": message})
    env = {"PATH": os.environ["PATH"], "DRONE_COMMIT_MESSAGE": message, **computed}
    done = subprocess.run(
        [shell, "-c", f"set -e\n{texts[0]}"],
        env=env,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        timeout=30,
    )
    return done.stdout


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("place", ARRIVES)
def test_a_text_arrives_and_never_runs(place: str, shell: str, tmp_path: Path) -> None:
    command, expected = ARRIVES[place]
    if shell == "/bin/sh" and re.search("<<<|function ", command):
        pytest.skip("here-strings are not every shell's")
    for text in (AUTHOR, *EVIL):
        out = run(shell, command, text, tmp_path)
        assert not (tmp_path / "pwned").exists(), text
        if expected is not None:
            assert out == expected.format(text)


@pytest.mark.parametrize("command", REFUSED)
def test_what_would_be_a_command_is_refused(command: str, tmp_path: Path) -> None:
    for text in EVIL:
        with pytest.raises(CommitTextInCode, match="is more than plain characters"):
            run("/bin/sh", command, text, tmp_path)


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("command", SOMETIMES)
def test_code_of_another_program_takes_only_text(command: str, shell: str, tmp_path: Path) -> None:
    for text in EVIL:
        try:
            run(shell, command, text, tmp_path)
        except CommitTextInCode:
            continue
        assert not (tmp_path / "pwned").exists(), text


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("echo '@A@' | sed -e 's/@A@/${M}/'", "Ada Lovelace\n"),
        ("echo '@A@' | sed \"s|@A@|${M}|g\"", "Ada Lovelace\n"),
        ("awk 'BEGIN{print \"${M}\"}'", "Ada Lovelace\n"),
        ("python3 -c 'print(\"${M}\")'", "Ada Lovelace\n"),
        ("python3 - <<'END'\nprint('${M}')\nEND", "Ada Lovelace\n"),
        ("echo ${M}", "Ada Lovelace\n"),
    ],
)
def test_an_author_with_a_blank_is_text_for_every_program(
    command: str, expected: str, tmp_path: Path
) -> None:
    if command.startswith("awk") and shutil.which("awk") is None:
        pytest.skip("there is no awk")
    assert run("/bin/sh", command, "Ada Lovelace", tmp_path) == expected


def test_a_branch_that_ends_a_here_document_does_not(tmp_path: Path) -> None:
    command = "cat <<'END'\n${M}\ntouch pwned\nEND"
    assert run("/bin/sh", command, "END", tmp_path) == "END\ntouch pwned\n"
    assert not (tmp_path / "pwned").exists()


def test_what_only_the_run_knows_is_replaced_in_single_quotes() -> None:
    command = "echo '${DRONE_BUILD_STATUS}' \"${DRONE_BUILD_STATUS}\" '$${DRONE_BUILD_STATUS}'"
    (text,), _ = with_variables([command], {})
    done = subprocess.run(
        ["/bin/sh", "-c", text],
        env={"DRONE_BUILD_STATUS": "failure"},
        capture_output=True,
        check=True,
        text=True,
    )
    assert done.stdout == "failure failure ${DRONE_BUILD_STATUS}\n"


def test_the_authors_own_words_in_a_form_are_pasted() -> None:
    (text,), computed = with_variables(["echo ${DRONE_TAG:-no tag; echo b}"], {})
    assert (text, computed) == ("echo no tag; echo b", {})


SHELL_TEXT = st.text(alphabet="${}()'\"`\\<>|;&# \nabcM=-", max_size=60)


@settings(max_examples=300, deadline=None)
@given(SHELL_TEXT, SHELL_TEXT)
def test_any_command_is_written_or_refused(before: str, after: str) -> None:
    variables = {"DRONE_COMMIT_MESSAGE": "$(touch pwned)\n'"}
    try:
        (text,), _ = with_variables([f"{before}${{DRONE_COMMIT_MESSAGE}}{after}"], variables)
    except CommitTextInCode:
        return
    assert "touch" not in text
