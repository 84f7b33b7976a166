from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from include.demo import processes


@pytest.fixture(autouse=True)
def run_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(processes, "RUN", tmp_path / "run")
    monkeypatch.setattr(processes, "LOG", tmp_path / "log")
    return tmp_path / "run"


def test_a_process_is_stopped_with_its_children() -> None:
    processes.start("sleeper", ["sh", "-c", "sleep 1000 & echo $!; wait"], {})
    child = 0
    while not child:
        child = int(processes.last_lines("sleeper") or 0)
    assert processes.alive("sleeper")
    processes.stop("sleeper")
    assert not processes.alive("sleeper")
    assert not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text()


def test_a_child_with_a_process_group_of_its_own_is_stopped_too() -> None:
    worker = "import os, time; os.setpgid(0, 0); print(os.getpid(), flush=True); time.sleep(1000)"
    processes.start("boss", ["sh", "-c", f"{sys.executable} -c '{worker}' & wait"], {})
    while not processes.last_lines("boss"):
        pass
    child = int(processes.last_lines("boss"))
    processes.stop("boss", grace=5)
    assert not processes._running(child)


def test_one_that_ignores_the_polite_signal_is_killed() -> None:
    ignoring = "import signal, time; signal.signal(15, signal.SIG_IGN); print('on', flush=True)"
    processes.start("deaf", [sys.executable, "-c", f"{ignoring}; time.sleep(1000)"], {})
    while "on" not in processes.last_lines("deaf"):
        pass
    processes.stop("deaf", grace=0.3)
    assert not processes.alive("deaf")


def test_somebody_elses_process_with_our_old_number_is_left_alone(run_folder: Path) -> None:
    other = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    while not processes._command_line(other.pid):
        pass
    run_folder.mkdir()
    (run_folder / "ours.pid").write_text(f"{other.pid}\n/somewhere/airflow")
    assert not processes.alive("ours")
    processes.stop("ours")
    assert other.poll() is None
    os.kill(other.pid, 9)
    other.wait()
