from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from include.demo import process_note, processes
from include.demo.process_note import ProcessNote, UnknownProcess


@pytest.fixture(autouse=True)
def run_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(processes, "RUN", tmp_path / "run")
    monkeypatch.setattr(processes, "LOG", tmp_path / "log")
    return tmp_path / "run"


@pytest.fixture
def stranger(run_folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Somebody else's Python, which leads a session as the demo's do."""
    run_folder.mkdir()
    argv = [sys.executable, "-c", "import time; time.sleep(1000)"]
    process = subprocess.Popen(argv, start_new_session=True)
    while "time.sleep" not in process_note.command_line(process.pid):
        time.sleep(0.01)
    yield process
    process.kill()
    process.wait()


def _said(name: str) -> str:
    while not (said := processes.last_lines(name)):
        time.sleep(0.01)
    return said


def _lives(pid: int) -> bool:
    return process_note._running_since(pid) is not None


def _noted(run_folder: Path, stranger: subprocess.Popen[bytes]) -> ProcessNote:
    """What an earlier demo would have noted, had it started this very process."""
    mark = process_note.new_mark()
    return process_note.note(stranger.pid, mark, [sys.executable, "-m", "airflow", "scheduler"])


def test_a_process_is_stopped_with_its_children() -> None:
    processes.start("sleeper", ["sh", "-c", "sleep 1000 & echo $!; wait"], {})
    child = int(_said("sleeper"))
    assert processes.alive("sleeper")
    processes.stop("sleeper")
    assert not processes.alive("sleeper")
    assert not _lives(child)


def test_a_child_with_a_process_group_of_its_own_is_stopped_too() -> None:
    worker = "import os, time; os.setpgid(0, 0); print(os.getpid(), flush=True); time.sleep(1000)"
    processes.start("boss", ["sh", "-c", f"{sys.executable} -c '{worker}' & wait"], {})
    child = int(_said("boss"))
    processes.stop("boss", grace=5)
    assert not _lives(child)


def test_one_that_ignores_the_polite_signal_is_killed() -> None:
    ignoring = "import signal, time; signal.signal(15, signal.SIG_IGN); print('on', flush=True)"
    processes.start("deaf", [sys.executable, "-c", f"{ignoring}; time.sleep(1000)"], {})
    assert "on" in _said("deaf")
    processes.stop("deaf", grace=0.3)
    assert not processes.alive("deaf")


def test_one_that_gave_itself_a_title_is_known_all_the_same() -> None:
    titled = "from setproctitle import setproctitle as t; t('a' * 4000); print('on', flush=True)"
    processes.start(
        "titled", [sys.executable, "-c", f"{titled}; import time; time.sleep(1000)"], {}
    )
    assert "on" in _said("titled")
    assert processes.alive("titled")
    processes.stop("titled", grace=5)
    assert not processes.alive("titled")


def test_the_workers_of_one_that_crashed_are_stopped(run_folder: Path) -> None:
    processes.start("crashed", ["sh", "-c", "sleep 1000 & echo $!; kill -9 $$"], {})
    child = int(_said("crashed"))
    while processes.alive("crashed"):
        time.sleep(0.01)
    assert _lives(child)
    processes.stop("crashed", grace=5)
    assert not _lives(child)


def test_after_a_reboot_a_strangers_process_with_our_number_is_left_alone(
    run_folder: Path, stranger: subprocess.Popen[bytes]
) -> None:
    noted = replace(_noted(run_folder, stranger), boot="00000000-0000-0000-0000-000000000000")
    process_note.write(run_folder / "scheduler.pid", noted)
    assert not processes.alive("scheduler")
    processes.stop("scheduler", grace=0.3)
    assert stranger.poll() is None
    assert not (run_folder / "scheduler.pid").exists()


@pytest.mark.parametrize("later", [0, 1])
def test_in_the_same_boot_a_stranger_with_our_number_is_left_alone(
    run_folder: Path, stranger: subprocess.Popen[bytes], later: int
) -> None:
    """Even one that started in the same hundredth of a second, with the same command."""
    noted = _noted(run_folder, stranger)
    noted = replace(noted, started=noted.started - later)
    process_note.write(run_folder / "scheduler.pid", noted)
    assert not processes.alive("scheduler")
    processes.stop("scheduler", grace=0.3)
    assert stranger.poll() is None


def test_a_strangers_session_with_our_number_is_left_alone(run_folder: Path) -> None:
    run_folder.mkdir()
    argv = ["sh", "-c", "sleep 1000 & echo $!; wait"]
    process = subprocess.Popen(argv, start_new_session=True, stdout=subprocess.PIPE)
    assert process.stdout
    child = int(process.stdout.readline())
    noted = process_note.note(process.pid, process_note.new_mark(), argv)
    process_note.write(run_folder / "scheduler.pid", replace(noted, started=1))
    processes.stop("scheduler", grace=0.3)
    assert _lives(child)
    os.kill(child, 9)
    process.kill()
    process.communicate()


def test_a_number_noted_by_an_earlier_version_is_told_and_not_killed(
    run_folder: Path, stranger: subprocess.Popen[bytes]
) -> None:
    file = run_folder / "dockerd.pid"
    file.write_text(f"{stranger.pid}\n{sys.executable}")
    processes.start("ours", ["sleep", "1000"], {})
    with pytest.raises(UnknownProcess, match=rf"kill {stranger.pid}.*remove .*dockerd\.pid"):
        processes.stop("dockerd", "ours", grace=1)
    assert stranger.poll() is None
    assert file.exists()
    assert not processes.alive("ours")


@pytest.mark.parametrize("text", ["4194999", "4194999\n/somewhere/airflow", "", "{", "[]", "-1"])
def test_a_note_that_says_nothing_any_more_is_forgotten(run_folder: Path, text: str) -> None:
    run_folder.mkdir()
    (run_folder / "old.pid").write_text(text)
    assert not processes.alive("old")
    processes.stop("old")
    assert not (run_folder / "old.pid").exists()


def test_other_users_read_nothing_of_it(run_folder: Path, tmp_path: Path) -> None:
    log = tmp_path / "log" / "one.log"
    log.parent.mkdir()
    log.touch(mode=0o666)
    processes.start("one", ["sh", "-c", f"touch {tmp_path}/made; echo on; sleep 1000"], {})
    assert _said("one") == "on"
    for path in (log, run_folder / "one.pid", tmp_path / "made"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    processes.stop("one", grace=1)
