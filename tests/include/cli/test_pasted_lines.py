"""Lines that are pasted into a shell at once: each is the shell's own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
_PROGRAM = """
import sys
from invoke import Context
from include.cli.tasks import doing
doing.DEMO = doing.DEMO / "nowhere"
doing.shell(Context(), ["sh", "-c", "sleep 0.5; echo hook"])
print("left:", sys.stdin.readline().strip())
"""


def test_a_command_takes_none_of_the_lines_that_were_pasted_behind_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'plugins'}"},
        input="git push\n",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout == "hook\nleft: git push\n", done.stderr
