"""Runs at a shell, side by side and after one another."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from include.cli.run_slots import slot

ROOT = Path(__file__).resolve().parents[3]
_HOLD = """
import sys, time
from pathlib import Path
from include.cli.run_slots import slot
with slot(Path(sys.argv[1])) as own:
    print(own.name, flush=True)
    time.sleep(60)
"""


def test_two_runs_at_once_have_nothing_in_common(tmp_path: Path) -> None:
    with slot(tmp_path) as one, slot(tmp_path) as other:
        assert one.name != other.name
    with slot(tmp_path) as again:
        assert again.name == one.name


def test_the_next_run_takes_the_slot_of_one_that_was_killed(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD, tmp_path],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    name = holder.stdout.readline().strip()
    with slot(tmp_path) as beside:
        assert beside.name != name
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    with slot(tmp_path) as after:
        assert after.name == name


def test_without_a_place_for_slots_runs_are_apart_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with slot(tmp_path / "file") as one, slot(tmp_path / "file") as other:
        assert one.name != other.name
