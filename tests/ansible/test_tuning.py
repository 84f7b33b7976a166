"""The tuning role, as the programs that read it see it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.include.images.containers import Containers, execute, tar

if TYPE_CHECKING:
    from docker.models.containers import Container

FILES = Path(__file__).resolve().parents[2] / "ansible" / "roles" / "tuning" / "files"
PROC = Path("/proc/sys")


def _settings(name: str) -> dict[str, str]:
    lines = (FILES / name).read_text().splitlines()
    pairs = (line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    return {key.strip(): value.strip() for key, value in pairs}


def test_every_kernel_setting_is_one_that_the_kernel_has() -> None:
    settings = _settings("sysctl.conf")
    assert len(settings) >= 9
    for name in settings:
        # A container sees not all of the network's.
        place = PROC / name.replace(".", "/")
        assert place.exists() or not (PROC / name.split(".")[0]).exists(), name


def test_limits_are_lines_that_pam_reads() -> None:
    for line in (FILES / "limits.conf").read_text().splitlines():
        assert re.fullmatch(r"\S+ (soft|hard|-) (nofile|nproc|memlock|core) (\d+|unlimited)", line)


@pytest.mark.integration
def test_a_machine_reads_what_the_role_writes(containers: Containers) -> None:
    machine: Container = containers.start("slipway/machine:12", "sleep", "600")
    places = {
        "sysctl": "sysctl.d",
        "limits": "security/limits.d",
        "journald": "systemd/journald.conf.d",
    }
    files = {
        f"etc/{place}/60-slipway.conf": (FILES / f"{name}.conf").read_bytes()
        for name, place in places.items()
    }
    machine.put_archive("/", tar(files))
    code, said = execute(machine, "systemd-analyze", "cat-config", "systemd/journald.conf")
    assert code == 0
    for name, value in _settings("journald.conf").items():
        assert f"{name}={value}" in said.decode()
    code, said = execute(machine, "/lib/systemd/systemd-sysctl", "--cat-config")
    assert code == 0
    assert "net.core.somaxconn = 4096" in said.decode()
