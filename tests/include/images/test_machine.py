"""The machine image boots like a cloud's Debian."""

from __future__ import annotations

import subprocess
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from include.images.build import bring_up_to_date
from tests.include.images.containers import MACHINE, Containers, address, booted, eventually, sh

if TYPE_CHECKING:
    from docker.models.containers import Container

pytestmark = pytest.mark.integration
IMAGE = "slipway/machine:12"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    return path


def _authorize(machine: Container, key: Path) -> None:
    public = key.with_suffix(".pub").read_text().strip()
    sh(machine, f"echo '{public}' > /home/admin/.ssh/authorized_keys")
    sh(machine, "chown admin:admin /home/admin/.ssh/authorized_keys")


def _ssh(machine: Container, key: Path, command: str) -> str:
    options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "BatchMode=yes"]
    argv = ["ssh", "-q", "-i", str(key), *(f"-o{option}" for option in options)]
    ended = subprocess.run(
        [*argv, f"admin@{address(machine)}", command],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    return ended.stdout.strip()


@pytest.mark.parametrize("image", [IMAGE, "slipway/machine:13"])
def test_it_boots_without_a_failed_unit_and_lets_admin_in(
    containers: Containers, key: Path, image: str
) -> None:
    bring_up_to_date(containers.client, [image])
    machine = containers.start(image, **MACHINE)
    seconds = eventually(partial(booted, machine))
    _authorize(machine, key)
    assert _ssh(machine, key, "sudo -n id -u; hostname") == f"0\n{machine.short_id[:12]}"
    assert sh(machine, "systemctl list-units --failed --no-legend") == ""
    assert seconds < 10


def test_a_committed_machine_boots_again(containers: Containers, key: Path) -> None:
    machine = containers.start(IMAGE, **MACHINE)
    eventually(partial(booted, machine))
    _authorize(machine, key)
    sh(machine, "echo kept > /etc/kept")
    machine.stop(timeout=10)
    machine.reload()
    # 130: systemd was asked for its end, and took it. 137 would be Docker's kill.
    assert machine.attrs["State"]["ExitCode"] in (0, 130)
    machine.commit("slipway-test", "machine")
    try:
        again = containers.start("slipway-test:machine", **MACHINE)
        eventually(partial(booted, again))
        assert _ssh(again, key, "cat /etc/kept") == "kept"
        again.remove(force=True)
        containers.forget(again)
    finally:
        containers.client.images.remove("slipway-test:machine", force=True)


def test_two_machines_differ_in_identity_and_host_keys(containers: Containers) -> None:
    machines = [containers.start(IMAGE, **MACHINE) for _ in range(2)]
    for machine in machines:
        eventually(partial(booted, machine))
    for path in ("/etc/machine-id", "/etc/ssh/ssh_host_ed25519_key.pub"):
        assert len({sh(machine, f"cat {path}") for machine in machines}) == 2


def test_it_is_a_bare_debian(containers: Containers) -> None:
    machine = containers.start(IMAGE, **MACHINE)
    eventually(partial(booted, machine))
    listening = sh(machine, "ss -Hltn '! src 127.0.0.0/8' | awk '{print $4}' | sort")
    assert listening.split() == ["0.0.0.0:22", "[::]:22"]
    assert sh(machine, "passwd --status admin").split()[1] == "L"
    assert sh(machine, "getent hosts localhost && python3 -c 'import apt'")
