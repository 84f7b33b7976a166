"""Ways in which packages start what is in them, links for units, and locks that others hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.ansible.settings import ROLE
from tests.include.images.containers import (
    MACHINE,
    Containers,
    booted,
    eventually,
    execute,
    folder,
    sh,
    tar,
)

if TYPE_CHECKING:
    from docker.models.containers import Container

pytestmark = pytest.mark.integration
RUN = (
    "env",
    "PYTHONPATH=/play/dist-packages",
    "ANSIBLE_ROLES_PATH=/play/roles",
    "python3",
    "/play/ansible-playbook",
    "-i",
    "localhost,",
    "/play/play.yml",
)
PLAY = """\
- hosts: localhost
  connection: local
  gather_facts: false
  vars: {{app_unit: "{unit}", app_config: {{}}}}
  tasks:
  - ansible.builtin.include_role: {{name: {role}, tasks_from: {tasks}}}
"""
UNIT = """\
[Service]
ExecStart=/bin/sh -c 'echo $$ >> /var/lib/started-by-%n; exec sleep 600'
[Install]
WantedBy=multi-user.target
"""
INIT = """\
#!/bin/sh
case "$1" in start)
  start-stop-daemon --start --background --exec /bin/sh -- -c 'touch /var/lib/by-init; sleep 600'
esac
"""
BEGIN = "python3 /play/roles/app/files/installing.py begin /run/slipway-installing.json"
END = "python3 /play/roles/app/files/installing.py end /run/slipway-installing.json"


@pytest.fixture
def machine(containers: Containers) -> Container:
    """A machine that runs, with Ansible from the toolbox and the roles."""
    roles = folder(ROLE.parent / "app", "play/roles/app")
    roles |= folder(ROLE.parent / "base", "play/roles/base")
    machine = containers.start("slipway/machine:12", **MACHINE)
    eventually(lambda: booted(machine))
    machine.put_archive("/", tar(roles))
    return machine


def _play(containers: Containers, machine: Container, **what: str) -> str:
    if execute(machine, "test", "-e", "/play/ansible-playbook")[0]:
        toolbox = containers.start("slipway/toolbox:1", "sleep", "600")
        _, program = execute(toolbox, "cat", "/usr/bin/ansible-playbook")
        stream, _ = toolbox.get_archive("/usr/lib/python3/dist-packages")
        machine.put_archive("/play", b"".join(stream))
        machine.put_archive("/play", tar({"ansible-playbook": program}))
    play = PLAY.format(**({"unit": "shop.service"} | what)).encode()
    machine.put_archive("/play", tar({"play.yml": play}))
    code, output = execute(machine, *RUN)
    assert code == 0, output.decode()
    return output.decode()


@pytest.mark.parametrize(
    "start",
    [
        "systemctl start shop.service",
        "systemctl enable --now shop.service",
        "systemctl restart --no-block shop",
        "service shop start",
        "deb-systemd-invoke start shop.service",
        "invoke-rc.d shop start",
        "busctl call org.freedesktop.systemd1 /org/freedesktop/systemd1 "
        "org.freedesktop.systemd1.Manager StartUnit ss shop.service replace",
        "/etc/init.d/old start",
        "service old start",
        "systemd-run --unit=passing sh -c 'touch /var/lib/by-run; sleep 600'",
    ],
)
def test_a_script_starts_nothing_whatever_way_it_is_written(machine: Container, start: str) -> None:
    files = {"lib/systemd/system/shop.service": UNIT, "etc/init.d/old": INIT}
    machine.put_archive("/", tar({name: text.encode() for name, text in files.items()}))
    sh(machine, "chmod 755 /etc/init.d/old")
    sh(machine, BEGIN)
    execute(machine, "sh", "-c", start)
    told = sh(machine, f"sleep 1; {END}")
    assert sh(machine, "ls /var/lib | grep -E 'started|by-' || true").strip() == "", told
    assert sh(machine, "pgrep -xc sleep || true").strip() == "0"


def test_what_a_script_forks_itself_is_stopped_and_told(machine: Container) -> None:
    sh(machine, BEGIN)
    fork = "setsid sh -c 'echo 17 > /var/lib/shop-id; exec sleep 600' > /dev/null 2>&1 &"
    sh(machine, fork)
    told = sh(machine, f"sleep 1; {END}").splitlines()
    assert told == [
        "stopped sleep, which the installation had started past systemd",
        "left behind: the identity, the same on every machine, '/var/lib/shop-id' (3 bytes)",
    ]
    assert sh(machine, "pgrep -xc sleep || true").strip() == "0"


@pytest.mark.parametrize("target", ["web.service", "/opt/shop/shop.service"])
def test_a_unit_that_is_a_link_starts_at_boot(
    containers: Containers, machine: Container, target: str
) -> None:
    folders = "mkdir -p /opt/shop && cd /lib/systemd/system"
    place = target if target.startswith("/") else f"/lib/systemd/system/{target}"
    machine.put_archive("/", tar({place.lstrip("/"): UNIT.encode()}))
    sh(machine, f"{folders} && ln -s {target} shop.service")
    _play(containers, machine, role="base", tasks="secrets.yml")
    for _ in range(2):
        _play(containers, machine, role="app", tasks="settings.yml")
    sh(machine, "systemctl daemon-reload")
    wanted = sh(machine, "systemctl show --property=Wants --value multi-user.target")
    name = sh(machine, "systemctl show --property=Id --value shop.service").strip()
    assert name in wanted.split()
    files = sh(machine, "systemctl show --property=EnvironmentFiles --value shop.service")
    assert "/etc/slipway/app.env" in files, "the settings reach it under its other name"


def test_a_lock_that_somebody_holds_is_waited_for(
    containers: Containers, machine: Container
) -> None:
    # However long the play takes to begin: its first task is over before the lock is.
    hold = (
        "import fcntl, os, time; f = open('/var/lib/apt/lists/lock', 'w'); fcntl.lockf(f, 2)\n"
        "while not os.path.exists('/etc/apt/apt.conf.d/60slipway-locks'): time.sleep(0.1)\n"
        "time.sleep(8)"
    )
    sh(machine, f'mkdir -p /var/lib/apt/lists; setsid python3 -c "{hold}" > /dev/null 2>&1 &')
    output = _play(containers, machine, role="base", tasks="locks.yml")
    assert "FAILED - RETRYING" in output
    assert "Timeout" in sh(machine, "apt-config dump | grep Lock")
