"""What a machine has of this host, seen from outside and tried from inside."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import docker
import pytest

from include.localcloud.compute import cgroup_opener, confinement
from include.localcloud.compute.cgroup_opener import own_cgroups
from include.localcloud.compute.cgroups import make_writable
from include.localcloud.compute.confinement import HOST, KEPT, cgroup_parent
from tests.include.images.containers import (
    LABELS,
    MACHINE,
    Containers,
    booted,
    eventually,
    execute,
    sh,
)

if TYPE_CHECKING:
    from docker.models.containers import Container

IMAGE = "slipway/machine:12"
# A shell of the machine's own systemd, with the rights that a service of root's has.
AS_A_SERVICE = ("systemd-run", "--wait", "--pipe", "--quiet", "sh", "-ec")
WRITABLE = 'find /sys/fs/cgroup -name cgroup.procs -writable -exec dirname {} ";"'
SYS_ADMIN = 1 << 21


@pytest.fixture
def machine(containers: Containers) -> Container:
    machine = containers.start(IMAGE, **MACHINE)
    eventually(lambda: booted(machine))
    return machine


def test_nothing_of_the_host_is_mounted_and_no_right_is_left_over() -> None:
    assert "binds" not in HOST
    assert HOST["cap_drop"] == ["ALL"]
    assert HOST["cap_add"] == list(KEPT)
    assert {"SYS_ADMIN", "SYS_PTRACE", "SYS_MODULE", "NET_ADMIN", "NET_RAW", "MKNOD"}.isdisjoint(
        KEPT
    )
    assert "privileged" not in HOST


@pytest.mark.integration
def test_a_thread_and_a_child_are_no_namespace(machine: Container) -> None:
    both = "import os, threading; threading.Thread(target=os.fork).start(); print(1)"
    code, said = execute(machine, *AS_A_SERVICE, f"python3 -c '{both}'")
    assert (code, set(said.split())) == (0, {b"1"})


@pytest.mark.parametrize(
    ("driver", "parent"), [("cgroupfs", "/slipway-demo"), ("systemd", "slipway-demo.slice")]
)
def test_all_machines_are_below_one_cgroup(driver: str, parent: str) -> None:
    assert cgroup_parent("demo", driver) == parent


@pytest.mark.integration
def test_the_engine_gives_it_no_more_than_asked(machine: Container) -> None:
    machine.reload()
    host = machine.attrs["HostConfig"]
    assert (host["Privileged"], host["CgroupnsMode"], host["PidMode"]) == (False, "private", "")
    assert host["Devices"] in ([], None)
    assert not any("seccomp" in option for option in host["SecurityOpt"])
    assert "/proc/sys" in host["ReadonlyPaths"]
    assert "/proc/kcore" in host["MaskedPaths"]
    assert machine.attrs["Mounts"] == []


@pytest.mark.integration
def test_root_on_a_machine_has_no_right_to_mount(machine: Container) -> None:
    script = "grep CapBnd /proc/self/status | cut -f2; grep -c . /proc/self/uid_map"
    bounding = int(sh(machine, f"{' '.join(AS_A_SERVICE)} '{script}'").split()[0], 16)
    assert bounding & SYS_ADMIN == 0
    for attempt in (
        "mount -t tmpfs none /mnt",
        "mount -t cgroup -o memory none /mnt",
        "mount -o remount,bind,rw /sys/fs/cgroup/memory",
        "mknod /root/disk b 254 0",
        "unshare --mount true",
        "unshare --user true",
        "unshare --user --map-root-user --mount --cgroup mount -t cgroup -o pids none /mnt",
        "nsenter --target 1 --mount true",
        "echo 1 > /proc/sys/kernel/panic",
    ):
        code, said = execute(machine, *AS_A_SERVICE, attempt)
        assert code != 0, (attempt, said)


@pytest.mark.integration
def test_a_machine_sees_and_changes_its_own_cgroups_alone(machine: Container) -> None:
    """With the host's tree mounted, root could have a program of its own run by the host."""
    own = sh(machine, f"{' '.join(AS_A_SERVICE)} '{WRITABLE}'").split()
    assert own, "systemd could not have booted"
    # Where the hierarchies are apart, limits and devices stand in those that are read-only.
    apart = sh(machine, "ls -d /sys/fs/cgroup/memory 2>/dev/null || true")
    below = "/sys/fs/cgroup/systemd/" if apart else "/sys/fs/cgroup/"
    assert [one for one in own if not f"{one}/".startswith(below)] == []
    assert sh(machine, "find /sys/fs/cgroup -name release_agent") == ""
    # Its own part is the root of all that it sees.
    assert sh(machine, "cut -d: -f3 /proc/1/cgroup | sort -u").split() == ["/", "/init.scope"]
    assert str(machine.id) not in sh(machine, "find /sys/fs/cgroup -type d")


# In place of the first program's interpreter: tries all that the right to mount would give.
FIRST_PROGRAM = """\
rm -f /usr/bin/python3
cat > /usr/bin/python3 <<'X'
#!/bin/bash
{
  grep -E 'Cap(Prm|Eff|Bnd)' /proc/self/status
  mount -t tmpfs none /mnt && echo MOUNTED
  mount -o remount,bind,rw /proc/sys && echo MOUNTED
  unshare --mount true && echo UNSHARED
  unshare --user --map-root-user --mount true && echo UNSHARED
} > /tried 2>&1
until [ -w /sys/fs/cgroup/systemd/cgroup.procs ] || [ -w /sys/fs/cgroup/cgroup.procs ]; do
  sleep 0.1
done
exec /lib/systemd/systemd
X
chmod 755 /usr/bin/python3
"""


@pytest.mark.integration
def test_root_on_a_machine_that_swaps_its_first_program_gains_nothing_by_a_restart(
    machine: Container,
) -> None:
    sh(machine, FIRST_PROGRAM)
    machine.stop(timeout=10)
    machine.start()
    make_writable(docker.APIClient(), str(machine.id), LABELS)
    eventually(lambda: booted(machine))
    tried = sh(machine, "cat /tried")
    rights = [int(line.split()[1], 16) for line in tried.splitlines() if line.startswith("Cap")]
    assert len(rights) == 3
    assert [one & SYS_ADMIN for one in rights] == [0, 0, 0]
    assert "MOUNTED" not in tried
    assert "UNSHARED" not in tried


@pytest.mark.parametrize("name", ["sys", "sys/fs", "sys/fs/cgroup", "sys/fs/cgroup/systemd"])
def test_a_link_of_the_machines_leads_the_host_to_no_other_mount(tmp_path: Path, name: str) -> None:
    link = tmp_path / name
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(f"/{name}")
    with pytest.raises(OSError, match=r"Not a directory|No such file"):
        own_cgroups(ctypes.CDLL(None), str(tmp_path))


def test_an_ordinary_folder_is_not_opened_in_place_of_cgroups(tmp_path: Path) -> None:
    (tmp_path / "sys/fs/cgroup/systemd").mkdir(parents=True)
    with pytest.raises(OSError, match="no cgroups"):
        own_cgroups(ctypes.CDLL(None), str(tmp_path))


@pytest.mark.integration
def test_a_process_of_somebody_elses_is_not_entered(machine: Container) -> None:
    arguments = [
        sys.executable,
        "-I",
        "-S",
        cgroup_opener.__file__,
        str(os.getpid()),
        str(machine.id),
    ]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "3: the process is not the machine's\n")


def test_an_empty_cgroup_is_removed_and_one_in_use_stays(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(confinement, "_CGROUPS", tmp_path)
    for name in ("memory/slipway-demo", "systemd/slipway-demo/machine", "memory/slipway-other"):
        (tmp_path / name).mkdir(parents=True)
    confinement.forget_cgroup("demo")
    left = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.glob("*/*"))
    assert left == ["memory/slipway-other", "systemd/slipway-demo"]
