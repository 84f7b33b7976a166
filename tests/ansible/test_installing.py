"""What a package's installation starts is stopped, and what it leaves in an image is told."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.ansible.settings import ROLE


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    spec = importlib.util.spec_from_file_location("installing", ROLE / "files" / "installing.py")
    assert spec
    assert spec.loader
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "ROOTS", (str(tmp_path / "disk"),))
    monkeypatch.setattr(module, "DPKG", tmp_path / "info")
    monkeypatch.setattr(module, "STARTER", tmp_path / "start-stop-daemon")
    monkeypatch.setattr(module, "ASIDE", tmp_path / "start-stop-daemon.slipway")
    monkeypatch.setattr(module, "POLICY", tmp_path / "policy-rc.d")
    monkeypatch.setattr(module, "MARK", tmp_path / "mark")
    monkeypatch.setattr(module, "UNITS", tmp_path / "units")
    monkeypatch.setattr(module, "reload", lambda: None)
    (tmp_path / "disk").mkdir()
    (tmp_path / "info").mkdir()
    (tmp_path / "start-stop-daemon").write_text("the real one")
    return module


@pytest.fixture
def alone(program: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the processes of whoever else works on this machine alone."""
    monkeypatch.setattr(program, "strays", lambda *_: [])


@pytest.mark.usefixtures("alone")
def test_what_a_first_start_writes_is_told_by_its_kind(program: Any, tmp_path: Path) -> None:
    disk, state = tmp_path / "disk", tmp_path / "state"
    (disk / "old").write_text("was there")
    # What is written within the same tick of the kernel's clock counts as new.
    time.sleep(0.05)
    program.begin(state)
    (disk / "server.key").write_text("-----BEGIN RSA PRIVATE KEY-----\nx")
    (disk / "machine-id").write_text("17")
    (disk / "first-data").write_text("4")
    (disk / "shop.log").write_text("")
    (disk / "shop.pid").write_text("1")
    (disk / "shop.conf").write_text("of the package")
    (tmp_path / "info" / "shop.list").write_text(f"{disk}/shop.conf\n")
    (disk / "link").symlink_to("first-data")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(disk / "s"))
    assert program.end(state) == [
        f"left behind: the file '{disk}/first-data' (1 bytes)",
        f"left behind: the identity, the same on every machine, '{disk}/machine-id' (2 bytes)",
        f"left behind: the log '{disk}/shop.log' (0 bytes)",
        f"left behind: the pid file '{disk}/shop.pid' (1 bytes)",
        f"left behind: the private key, the same on every machine, '{disk}/server.key' (33 bytes)",
        f"left behind: the socket '{disk}/s' (0 bytes)",
    ]
    assert not state.exists()


@pytest.mark.usefixtures("alone")
def test_a_package_that_leaves_thousands_of_files_does_not_flood_the_log(
    program: Any, tmp_path: Path
) -> None:
    program.begin(tmp_path / "state")
    for number in range(50):
        (tmp_path / "disk" / f"{number}").write_text("")
    told = program.end(tmp_path / "state")
    assert (len(told), told[-1]) == (41, "and 10 more")


@pytest.mark.parametrize(
    "path",
    [
        "/var/lib/dpkg/status",
        "/var/lib/apt/lists/x",
        "/var/cache/debconf/config.dat",
        "/var/log/dpkg.log",
        "/run/systemd/units/x",
        "/etc/passwd-",
        "/etc/group",
        "/etc/systemd/system/x.wants/y",
        "/home/admin/.ansible/tmp/x",
        "/run/slipway-installing",
        "/var/lib/systemd/deb-systemd-helper-enabled/x",
    ],
)
def test_what_every_installation_writes_is_no_news(program: Any, path: str) -> None:
    assert program.USUAL.match(path)


@pytest.mark.parametrize(
    "path", ["/etc/shop/secret.key", "/var/lib/shop/id", "/run/shop.sock", "/var/log/shop/a.log"]
)
def test_what_a_service_writes_is_news(program: Any, path: str) -> None:
    assert not program.USUAL.match(path)


@pytest.mark.usefixtures("alone")
def test_an_init_script_starts_nothing_meanwhile(program: Any, tmp_path: Path) -> None:
    starter = tmp_path / "start-stop-daemon"
    for _ in range(2):  # begun again after a failure
        program.begin(tmp_path / "state")
    assert subprocess.run([starter, "--start"], check=False).returncode == 0
    program.end(tmp_path / "state")
    assert starter.read_text() == "the real one"
    assert not program.ASIDE.exists()


@pytest.mark.usefixtures("alone")
def test_nothing_starts_meanwhile_and_no_trace_of_that_stays(program: Any, tmp_path: Path) -> None:
    kept = tmp_path / "units" / "timer.d" / "of-somebody-else.conf"
    kept.parent.mkdir(parents=True)
    kept.write_text("")
    for start in (program.quieten, lambda: program.begin(tmp_path / "state")):
        start()
        assert subprocess.run([tmp_path / "policy-rc.d"], check=False).returncode == 101
        for kind in ("service", "socket", "timer", "path"):
            drop_in = tmp_path / "units" / f"{kind}.d" / "slipway-installing.conf"
            assert drop_in.read_text() == f"[Unit]\nConditionPathExists=!{tmp_path}/mark\n"
        assert (tmp_path / "mark").exists()
    program.end(tmp_path / "state")
    left = [one for one in tmp_path.rglob("*") if one.is_file()]
    assert sorted(left) == [tmp_path / "start-stop-daemon", kept]


@pytest.mark.usefixtures("alone")
def test_a_newer_dpkg_that_came_along_is_kept(program: Any, tmp_path: Path) -> None:
    program.begin(tmp_path / "state")
    (tmp_path / "start-stop-daemon").write_text("a newer one")
    program.end(tmp_path / "state")
    assert (tmp_path / "start-stop-daemon").read_text() == "a newer one"


def test_a_daemon_that_a_script_started_itself_is_found(program: Any) -> None:
    """Started by hand, by D-Bus, or with ``&``: it hangs on init, and was not there before."""
    me = os.getpid()
    now = {
        1: (1, 0, "systemd"),
        2: (1, 0, "kthreadd"),
        40: (9, 2, "kworker"),
        50: (2, 1, "cron"),
        60: (3, 1, "sshd"),
        61: (90, 60, "sshd-session"),
        62: (91, 61, "bash"),
        me: (92, 62, "python3"),
        70: (95, 1, "shop"),
        71: (96, 70, "shop-worker"),
        72: (97, 1, "systemd"),
    }
    before = {"1": 1, "2": 1, "50": 2, "60": 3}
    assert list(program.strays(before, now)) == [(70, "shop"), (71, "shop-worker")]
    # A number that was another process's before.
    assert (50, "cron") in list(program.strays({**before, "50": 1}, now))


def test_a_stray_is_stopped_also_when_it_does_not_want_to(
    program: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program, "PATIENCE", 0.5)
    deaf = (
        "import signal, time; signal.signal(15, signal.SIG_IGN); print(flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE) as stray:
        assert stray.stdout
        stray.stdout.readline()
        assert "stopped shop" in program.stop(stray.pid, "shop")
        assert stray.wait() == -9
