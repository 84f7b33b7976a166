"""A package that has not passed yet: a builder installs it, and its image does not know where."""

from __future__ import annotations

import json
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
# One package in one distribution. What machines look into is not there at all.
REPOSITORY = """
set -e
mkdir -p /repo /t/DEBIAN && cd /t/DEBIAN
printf 'Package: shop\\nVersion: 1.0+1\\nArchitecture: all\\n' > control
printf 'Maintainer: x <x@x>\\nDescription: x\\n' >> control
dpkg-deb --root-owner-group -b /t /shop_1.0+1_all.deb
export GNUPGHOME=/gnupg; mkdir -m 700 $GNUPGHOME
gpg --batch --quiet --passphrase '' --quick-generate-key x ed25519 sign never
gpg --batch --armor --export > /key.asc
echo '{"rootDir": "/repo", "gpgProvider": "gpg"}' > /aptly.json
aptly -config=/aptly.json repo create x
aptly -config=/aptly.json repo add x /shop_1.0+1_all.deb
aptly -config=/aptly.json publish repo -batch -acquire-by-hash -architectures=amd64,arm64 \\
  -distribution=stable-candidate -component=stable-candidate x
"""
PLAY = """\
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
  - ansible.builtin.include_role: {name: app, tasks_from: repository.yml}
  - ansible.builtin.include_role: {name: app, tasks_from: package.yml}
"""
RUN = (
    "env",
    "PYTHONPATH=/play/dist-packages",
    "ANSIBLE_ROLES_PATH=/play/roles",
    "python3",
    "/play/ansible-playbook",
    "-i",
    "localhost,",
    "-e",
    "@/play/variables.json",
    "/play/play.yml",
)
URL = "http://127.0.0.1:8000"


@pytest.fixture
def machine(containers: Containers) -> Container:
    """A machine that runs, with Ansible from the toolbox, the roles and the repository."""
    roles = folder(ROLE.parent / "app", "play/roles/app")
    machine = containers.start("slipway/machine:12", **MACHINE)
    eventually(lambda: booted(machine))
    toolbox = containers.start("slipway/toolbox:1", "sleep", "600")
    sh(toolbox, REPOSITORY)
    program = sh(toolbox, "cat /usr/bin/ansible-playbook").encode()
    files = {"play/ansible-playbook": program, "play/play.yml": PLAY.encode()}
    machine.put_archive("/", tar(roles | files))
    for path, where in (("/usr/lib/python3/dist-packages", "/play"), ("/repo/public", "/srv")):
        stream, _ = toolbox.get_archive(path)
        machine.put_archive(where, b"".join(stream))
    variables = {
        "app_package": "shop",
        "app_version": "1.0+1",
        "app_sha256": sh(toolbox, "sha256sum < /shop_1.0+1_all.deb").split()[0],
        "app_unit": "shop.service",
        "app_repository_url": URL,
        "app_repository_distribution": "stable",
        "app_repository_component": "main",
        "app_repository_key": sh(toolbox, "cat /key.asc"),
        "app_candidate_distribution": "stable-candidate",
        "app_candidate_component": "stable-candidate",
    }
    machine.put_archive("/", tar({"play/variables.json": json.dumps(variables).encode()}))
    sh(machine, "systemd-run -q python3 -m http.server -b 127.0.0.1 -d /srv/public 8000")
    return machine


def _play(machine: Container, **changed: str) -> tuple[int, str]:
    variables = json.loads(sh(machine, "cat /play/variables.json")) | changed
    machine.put_archive("/", tar({"play/variables.json": json.dumps(variables).encode()}))
    code, output = execute(machine, *RUN)
    return code, output.decode()


def test_a_builder_installs_a_candidate_and_the_image_does_not_know_where_it_came_from(
    machine: Container,
) -> None:
    code, output = _play(machine)
    assert code == 0, output
    assert sh(machine, "dpkg-query -W -f '${Version}' shop") == "1.0+1"
    # In memory alone, which no image has.
    kept = "grep -rl candidate /etc /var/lib/apt /var/cache/apt 2>/dev/null || true"
    assert sh(machine, kept).strip() == ""
    assert sh(machine, "cat /etc/apt/sources.list.d/slipway.list").endswith("stable main")
    assert "candidate" not in sh(machine, "apt-cache policy")
    code, _ = execute(machine, "apt-get", "download", "shop=1.0+1")
    assert code != 0


def test_another_package_than_was_built_is_no_candidate_either(machine: Container) -> None:
    code, output = _play(machine, app_sha256="0" * 64)
    assert code != 0
    assert "in the repository has the sha256" in output
    assert sh(machine, "dpkg-query -W shop 2>/dev/null || true").strip() == ""


def test_a_candidates_index_is_none_of_a_machines_own(machine: Container) -> None:
    """Signed with the same key, and put in the place of the real one by somebody in between."""
    sh(machine, "cp -r /srv/public/dists/stable-candidate /srv/public/dists/stable")
    code, _ = _play(machine, app_candidate_distribution="", app_candidate_component="")
    assert code != 0
    assert sh(machine, "dpkg-query -W shop 2>/dev/null || true").strip() == ""
