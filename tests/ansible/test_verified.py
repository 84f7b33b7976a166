"""Several packages of a release, installed by the real apt where newer ones of them are about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from slipway.hooks.tools.packer import failure
from tests.ansible.settings import ROLE
from tests.include.images.containers import Containers, execute, sh, tar

if TYPE_CHECKING:
    from docker.models.containers import Container

pytestmark = pytest.mark.integration
# A repository of two releases, each of three packages that need one another.
REPOSITORY = """\
set -e
mkdir -p /repo /download
make() {
  rm -rf /t && mkdir -p /t/DEBIAN && cd /t/DEBIAN
  printf 'Package: %s\\nVersion: %s\\nArchitecture: all\\n' "$1" "$2" > control
  printf 'Maintainer: x <x@x>\\nDescription: x\\n%s' "$3" >> control
  dpkg-deb --root-owner-group -b /t "/repo/$1_$2_all.deb" > /dev/null
}
for v in 1.0+1 2.0; do
  make shop-data $v ''
  make shop-common $v "Depends: shop-data (= $v)
"
  make shop $v "Depends: shop-common (= $v)
"
done
cd /repo
for deb in *.deb; do
  dpkg-deb -f $deb
  printf 'Filename: ./%s\\nSize: %s\\n' $deb $(stat -c %s $deb)
  printf 'SHA256: %s\\n\\n' $(sha256sum < $deb | cut -d' ' -f1)
done > Packages
rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*
echo 'deb [trusted=yes] file:/repo ./' > /etc/apt/sources.list.d/slipway.list
apt-get -q update > /dev/null
"""
PLAY = """\
- hosts: localhost
  connection: local
  gather_facts: false
  vars:
    app_download: /download
    app_package: shop
    app_version: 1.0+1
    app_sha256: {shop}
    app_beside:
    - {{name: shop-data, version: 1.0+1, sha256: "{data}"}}
    - {{name: shop-common, version: 1.0+1, sha256: "{common}"}}
  tasks:
  - ansible.builtin.include_tasks: /play/verified.yml
"""
RUN = (
    "env",
    "PYTHONPATH=/play/dist-packages",
    "python3",
    "/play/ansible-playbook",
    "-i",
    "localhost,",
    "/play/play.yml",
)


@pytest.fixture
def machine(containers: Containers) -> Container:
    """A machine with apt's own Python, and Ansible from the toolbox."""
    files = {
        "play/verified.yml": (ROLE / "tasks" / "verified.yml").read_bytes(),
        "play/files/packages.py": (ROLE / "files" / "packages.py").read_bytes(),
    }
    machine = containers.start("slipway/machine:12", entrypoint=["sleep", "600"], files=files)
    toolbox = containers.start("slipway/toolbox:1", "sleep", "600")
    _, program = execute(toolbox, "cat", "/usr/bin/ansible-playbook")
    machine.put_archive("/play", tar({"ansible-playbook": program}))
    stream, _ = toolbox.get_archive("/usr/lib/python3/dist-packages")
    machine.put_archive("/play", b"".join(stream))
    sh(machine, REPOSITORY)
    return machine


def _play(machine: Container, **wrong: str) -> tuple[int, str]:
    digests = {
        name: sh(machine, f"sha256sum < /repo/{package}_1.0+1_all.deb").split()[0]
        for name, package in (("shop", "shop"), ("data", "shop-data"), ("common", "shop-common"))
    }
    play = PLAY.format(**(digests | wrong)).encode()
    machine.put_archive("/play", tar({"play.yml": play}))
    code, output = execute(machine, *RUN)
    return code, output.decode()


def test_a_release_of_several_packages_is_installed_in_its_own_versions(machine: Container) -> None:
    code, output = _play(machine)
    assert code == 0, output
    installed = sh(machine, "dpkg-query -W -f '${Package} ${Version}\\n' 'shop*'").splitlines()
    assert installed == ["shop 1.0+1", "shop-common 1.0+1", "shop-data 1.0+1"]


def test_none_is_installed_where_one_of_them_is_another_than_was_tested(machine: Container) -> None:
    code, output = _play(machine, data="0" * 64)
    assert code != 0
    assert "shop-data 1.0+1 in the repository has the sha256" in output
    assert sh(machine, "dpkg-query -W 'shop*' 2>/dev/null || true").strip() == ""


def test_what_lay_in_the_folder_before_is_not_installed(machine: Container) -> None:
    """The digest of the one that was tested would vouch for the file behind it."""
    sh(machine, "cp /repo/shop_2.0_all.deb /download/shop_9_all.deb")
    code, output = _play(machine)
    assert code == 0, output
    assert sh(machine, "dpkg-query -W -f '${Version}' shop") == "1.0+1"


def test_none_is_installed_where_a_download_brings_two_files(machine: Container) -> None:
    wrapper = """\
cat > /usr/local/bin/apt-get <<'END'
#!/bin/sh
/usr/bin/apt-get "$@" && case "$*" in
  *"download shop="*) cp /repo/shop_2.0_all.deb shop_9_all.deb ;;
esac
END
chmod +x /usr/local/bin/apt-get
"""
    sh(machine, wrapper)
    code, output = _play(machine)
    assert code != 0, output
    assert "shop 1.0+1 was downloaded as 2 files" in output
    assert "shop_1.0+1_all.deb, shop_9_all.deb" in output
    assert sh(machine, "dpkg-query -W 'shop*' 2>/dev/null || true").strip() == ""


def test_what_a_failed_bake_says_has_the_words_of_a_script_that_failed(machine: Container) -> None:
    """As its last words reach whoever reads the run's page: within so many characters."""
    script = "printf '#!/bin/sh\\necho the cellar is flooded; exit 3\\n' > /t/DEBIAN/postinst"
    again = REPOSITORY.replace(
        "  dpkg-deb --root", f"  {script}; chmod 755 /t/DEBIAN/*\n  dpkg-deb --root"
    )
    sh(machine, again)
    code, output = _play(machine)
    assert code != 0
    said = str(failure(output.splitlines()))
    assert "the task 'Download and install the release'" in said
    assert "the cellar is flooded" in said
    assert "post-installation script subprocess returned error exit status 3" in said


def test_a_lock_that_somebody_holds_is_waited_for(machine: Container) -> None:
    # However long the play takes to begin: it meets the lock before it is let go.
    hold = (
        "import fcntl, os, time; f = open('/var/lib/dpkg/lock-frontend', 'w'); fcntl.lockf(f, 2)\n"
        "while not os.path.exists('/download/0'): time.sleep(0.1)\n"
        "time.sleep(8)"
    )
    sh(machine, f'setsid python3 -c "{hold}" > /dev/null 2>&1 &')
    code, output = _play(machine)
    assert code == 0, output
    assert "FAILED - RETRYING" in output
