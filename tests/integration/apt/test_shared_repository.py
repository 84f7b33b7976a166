"""The real apt and the real role: what an image takes from a repository that all projects share."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import pytest
import yaml

from tests.include.images.containers import tar
from tests.lanes import own

pytestmark = pytest.mark.integration
ROLE = Path(__file__).resolve().parents[3] / "ansible" / "roles" / "app"
# The shop needs a package that another project publishes. Of the others, one calls itself what a
# third needs, and one is what every machine has, in a newer version.
REPOSITORY = r"""
make() {
  mkdir -p /tmp/$1/DEBIAN
  { echo "Package: $1"; echo "Version: $2"; echo "Architecture: all"; echo "Description: x"
    echo "Maintainer: A <a@b.example>"; echo "Depends: $3"; echo "Provides: $4"
  } | sed '/: $/d' > /tmp/$1/DEBIAN/control
  dpkg-deb --build /tmp/$1 /srv/$1.deb > /dev/null
}
mkdir -p /srv/dists/stable/main/binary-$(dpkg --print-architecture)
make shop 1 shop-common; make shop-common 1; make stranger 1 '' shop-extra
make base-files 999; make thief 1 shop-extra
for deb in /srv/*.deb; do
  dpkg-deb -f $deb; echo "Filename: ${deb#/srv/}"; echo "Size: $(stat -c %s $deb)"
  echo "SHA256: $(sha256sum $deb | cut -d ' ' -f 1)"; echo
done > /srv/dists/stable/main/binary-$(dpkg --print-architecture)/Packages
printf 'Origin: . stable\nSuite: stable\nCodename: stable\nComponents: main\nSHA256:\n' \
  > /srv/dists/stable/Release
cd /srv/dists/stable
for file in main/binary-*/Packages; do
  echo " $(sha256sum $file | cut -d ' ' -f 1) $(stat -c %s $file) $file" >> Release
done
rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*
mkdir -p /etc/apt/keyrings
echo 'Acquire::AllowInsecureRepositories "true"; APT::Get::AllowUnauthenticated "true";' \
  > /etc/apt/apt.conf.d/99test
cd /srv; python3 -m http.server 8099 --bind 127.0.0.1 > /dev/null 2>&1 &
sleep 1
ansible-playbook -i localhost, -e @/play/vars.json /play/play.yml
"""
PLAY = """\
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - ansible.builtin.include_role: {name: app, tasks_from: repository.yml}
    - ansible.builtin.command: "{{ before }}"
    - ansible.builtin.command: apt-get update
    - block:
        - ansible.builtin.include_role: {name: app, tasks_from: kept_out.yml}
      rescue:
        - ansible.builtin.fail: {msg: "refused for good: {{ app_refused }}"}
"""


@dataclass(frozen=True, kw_only=True)
class Apt:
    """A machine whose repository the role set up.

    :param played: exit code and output of the role's tasks.
    """

    container: Any
    played: tuple[int, str]

    def __call__(self, command: str) -> tuple[int, str]:
        """Run a shell command; return its exit code and its output."""
        code, output = self.container.exec_run(["sh", "-c", command])
        return int(code), output.decode()


Machine = Callable[..., Apt]


@pytest.fixture
def machine() -> Iterator[Machine]:
    """Give a machine the repository, by the role's own tasks."""
    client: Any = docker.from_env()
    started: list[Any] = []

    def make(*, host: str = "127.0.0.1", before: str = "true", uses: tuple[str, ...] = ()) -> Apt:
        given = {
            "app_package": "shop",
            "app_uses": list(uses),
            "app_repository_key": "none",
            "app_repository_url": f"http://{host}:8099",
            "app_repository_distribution": "stable",
            "app_repository_component": "main",
            "before": before,
        }
        files = {
            f"play/roles/app/{one.relative_to(ROLE)}": one.read_bytes()
            for one in ROLE.rglob("*")
            if one.is_file()
        }
        files |= {"play/play.yml": PLAY.encode(), "play/vars.json": json.dumps(given).encode()}
        container = client.containers.create(
            "slipway/toolbox:1",
            ["sleep", "300"],
            entrypoint="",
            network_mode="none",
            user="root",
            labels={"slipway.installation": own("test"), "slipway.kind": "tool"},
        )
        started.append(container)
        container.put_archive("/", tar(files))
        container.start()

        code, output = container.exec_run(["sh", "-c", REPOSITORY])
        return Apt(container=container, played=(int(code), output.decode()))

    yield make
    for one in started:
        one.remove(force=True)
    client.close()


def test_another_projects_package_does_not_become_a_dependency(machine: Machine) -> None:
    apt = machine()
    assert apt.played[0] == 0, apt.played[1]
    assert "http://127.0.0.1:8099 stable/main" in apt("apt-cache policy")[1]
    # As the role downloads it, and as apt would install it.
    assert apt("cd /tmp && apt-get download shop=1")[0] == 0
    code, said = apt("apt-get install -y /srv/shop.deb")
    assert code, said
    assert "shop-common" in said
    for name in ("shop-common", "stranger", "thief", "shop-extra"):
        assert apt(f"apt-get install -s -y {name}")[0], name
    assert "999" not in apt("apt-get dist-upgrade -s -y")[1]


def test_what_the_project_names_may_come_from_there(machine: Machine) -> None:
    apt = machine(uses=("shop-common",))
    assert apt.played[0] == 0, apt.played[1]
    code, said = apt("apt-get install -y /srv/shop.deb")
    assert code == 0, said
    assert "shop-common" in apt("dpkg -l shop-common")[1]
    assert apt("apt-get install -s -y stranger")[0]


def test_a_package_does_not_get_in_by_saying_that_it_is_another(machine: Machine) -> None:
    apt = machine(uses=("thief", "shop-extra"))
    code, said = apt("apt-get install -s -y thief")
    assert code, said


def test_the_hosts_name_may_be_written_in_capitals(machine: Machine) -> None:
    apt = machine(host="LocalHost")
    assert apt.played[0] == 0, apt.played[1]
    assert apt("apt-get install -s -y stranger")[0]


def test_an_image_whose_repository_is_open_is_not_made(machine: Machine) -> None:
    apt = machine(before="rm /etc/apt/preferences.d/slipway.pref")
    assert apt.played[0]
    assert "refused for good: apt would install whatever" in apt.played[1]


def test_no_try_installs_anything_before_the_repository_is_seen_to_be_closed() -> None:
    """One that is refused is not let in by the second, which reads all repositories."""
    tasks = yaml.safe_load((ROLE / "tasks" / "package.yml").read_text())
    (tries,) = (one for one in tasks if "rescue" in one)
    for part in ("block", "rescue"):
        files = [
            next(iter(value for key, value in one.items() if key.endswith("_tasks")), None)
            for one in tries[part]
        ]
        assert files.index("kept_out.yml") < files.index("verified.yml"), part
    assert tries["rescue"][0]["when"] == "app_refused is defined"
