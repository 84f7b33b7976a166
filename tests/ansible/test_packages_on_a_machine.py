"""What the real apt and dpkg make of a package: the very file is installed, or nothing is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.ansible.settings import ROLE
from tests.include.images.containers import Containers, execute, sh, tar

if TYPE_CHECKING:
    from docker.models.containers import Container

pytestmark = pytest.mark.integration
# make NAME VERSION WHAT [FIELDS [POSTINST]]: its size is the same whatever five letters it holds.
MAKE = r"""
make() {
  rm -rf /t && mkdir -p /t/DEBIAN /t/etc && cd /t && echo "$3" > etc/$1.conf
  printf "Package: $1\nVersion: $2\nArchitecture: all\nMaintainer: x <x@x>\n" > DEBIAN/control
  printf 'Description: x\n' >> DEBIAN/control
  [ -z "$4" ] || echo "$4" >> DEBIAN/control
  printf "/etc/$1.conf\n" > DEBIAN/conffiles
  [ -z "$5" ] || { printf '#!/bin/sh\n%s\n' "$5" > DEBIAN/postinst; chmod 755 DEBIAN/postinst; }
  dpkg-deb -Znone --root-owner-group -b /t "/repo/$1_$2_all.deb" > /dev/null
}
index() {
  cd /repo && for deb in *.deb; do
    dpkg-deb -f $deb
    printf 'Filename: ./%s\nSize: %s\n' $deb $(stat -c %s $deb)
    printf 'SHA256: %s\n\n' $(sha256sum < $deb | cut -d' ' -f1)
  done > Packages
  apt-get -q update > /dev/null
}
"""
SETUP = """
mkdir /repo
rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*
echo 'deb [trusted=yes] file:/repo ./' > /etc/apt/sources.list.d/slipway.list
"""
INSTALLED = "dpkg-query -W -f '${Package} ${Version} ${db:Status-Status}\\n'"


@pytest.fixture(params=["12", "13"])
def machine(request: pytest.FixtureRequest, containers: Containers) -> Container:
    """A machine with its own apt, and a repository that it trusts."""
    program = {"packages.py": (ROLE / "files" / "packages.py").read_bytes()}
    image = f"slipway/machine:{request.param}"
    machine = containers.start(image, entrypoint=["sleep", "600"], files=program)
    sh(machine, SETUP)
    return machine


def _made(machine: Container, script: str) -> None:
    sh(machine, f"{MAKE}{script}; index")


def _install(machine: Container) -> tuple[int, str]:
    """Return the program's exit code, and what it says to whoever asks why."""
    digest = sh(machine, "sha256sum < /repo/shop_1.0_all.deb").split()[0]
    packages = json.dumps([{"name": "shop", "version": "1.0", "sha256": digest}])
    run = f"python3 -I - /var/cache/x '{packages}' < /packages.py 2>&1 > /said"
    code, why = execute(machine, "sh", "-c", run)
    assert execute(machine, "test", "-e", "/var/cache/x")[0], "the download is left"
    return code, why.decode()


def _installed(machine: Container, *names: str) -> list[str]:
    found = sh(machine, f"{INSTALLED} {' '.join(names)} 2>/dev/null || true").splitlines()
    return [one for one in found if not one.endswith("not-installed")]


def test_the_file_itself_is_installed_and_no_other_of_its_version_and_size(
    machine: Container,
) -> None:
    """Between download and installation the lists come to name another."""
    _made(machine, "make shop 1.0 wrong; cp /repo/*.deb /wrong.deb; make shop 1.0 right")
    assert sh(machine, "stat -c %s /wrong.deb /repo/shop_1.0_all.deb | uniq | wc -l") == "1"
    change = f"{MAKE}\ncp /wrong.deb /repo/shop_1.0_all.deb; cp *.deb /right.deb; index"
    wrapper = f"""\
#!/bin/sh
case "$*" in *download*) ;; *) exec /usr/bin/apt-get "$@" ;; esac
/usr/bin/apt-get "$@" || exit
{change}
"""
    machine.put_archive("/usr/local/bin", tar({"apt-get": wrapper.encode()}))
    code, why = _install(machine)
    assert code == 0, why
    assert sh(machine, "cat /etc/shop.conf") == "right"
    # Given the file, apt would have taken the other.
    sh(machine, "dpkg --purge shop")
    assert "file:/repo" in sh(machine, "apt-get install -y --print-uris /right.deb")


def test_a_package_of_the_same_version_that_is_there_is_replaced(machine: Container) -> None:
    _made(machine, "make shop 1.0 wrong")
    sh(machine, "apt-get install -y shop")
    _made(machine, "make shop 1.0 right; rm /etc/shop.conf")
    code, why = _install(machine)
    assert code == 0, why
    assert sh(machine, "cat /etc/shop.conf* | sort -u | tail -1") == "right"


def test_what_it_needs_comes_from_the_lists_and_what_it_recommends_does_not(
    machine: Container,
) -> None:
    fields = "Depends: nothere | need (>= 2), one, base-files\nRecommends: more"
    others = "make need 2 other; make one 1 other; make more 1 other"
    _made(machine, f"{others}; make shop 1.0 right '{fields}'")
    code, why = _install(machine)
    assert code == 0, why
    found = _installed(machine, "shop", "need", "one", "more")
    assert found == ["need 2 installed", "one 1 installed", "shop 1.0 installed"]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ("Depends: nothere (>= 7)", "Dependency is not satisfiable: nothere (>= 7)"),
        ("Conflicts: old", "Conflicts with the installed package 'old'"),
        ("Conflicts: base-files", "Conflicts with the installed package 'base-files'"),
        ("Breaks: old", "shop breaks old"),
        ("Depends: enemy", "old"),
        ("Depends: held (>= 2)", "Held packages were changed"),
    ],
)
def test_nothing_is_installed_or_removed_where_something_stands_against_it(
    machine: Container, fields: str, why: str
) -> None:
    _made(machine, "make old 1 other; make held 1 other")
    sh(machine, "apt-get install -y old held; apt-mark hold old held")
    enemy = "make held 2 other; make enemy 1 other 'Conflicts: old'"
    _made(machine, f"{enemy}; make shop 1.0 right '{fields}'")
    code, said = _install(machine)
    assert code == 1
    assert why in said
    found = _installed(machine, "shop", "old", "held", "enemy")
    assert found == ["held 1 installed", "old 1 installed"]


def test_a_later_version_that_is_there_stays(machine: Container) -> None:
    _made(machine, "make shop 1.0 right; make shop 2.0 later")
    sh(machine, "apt-get install -y shop")
    code, why = _install(machine)
    assert (code, "A later version is already installed" in why) == (1, True)
    assert _installed(machine, "shop") == ["shop 2.0 installed"]


def test_a_script_that_fails_is_heard(machine: Container) -> None:
    script = "seq 5000; echo the cellar is flooded >&2; exit 3"
    _made(machine, f"make shop 1.0 right '' '{script}'")
    code, why = _install(machine)
    assert code == 1
    assert "the cellar is flooded\n" in why
    assert "post-installation script subprocess returned error exit status 3" in why
    assert len(why) < 800
    assert "\n2500\n" in sh(machine, "cat /said")


def test_a_file_of_settings_that_somebody_has_changed_stays(machine: Container) -> None:
    _made(machine, "make shop 0.9 early")
    sh(machine, "apt-get install -y shop; echo mine > /etc/shop.conf")
    _made(machine, "make shop 1.0 right")
    code, why = _install(machine)
    assert code == 0, why
    assert sh(machine, "cat /etc/shop.conf") == "mine"


def test_a_lock_that_somebody_holds_is_nobodys_fault(machine: Container) -> None:
    _made(machine, "make shop 1.0 right")
    hold = "import fcntl, time; f = open('/var/lib/dpkg/lock-frontend', 'w'); fcntl.lockf(f, 2)\n"
    sh(machine, f'setsid python3 -c "{hold}time.sleep(600)" > /dev/null 2>&1 & sleep 1')
    code, why = _install(machine)
    assert code == 75
    assert why.startswith("Could not get lock: ")


def test_a_script_that_meets_a_lock_is_not_tried_again(machine: Container) -> None:
    script = "echo E: Could not get lock /var/lib/dpkg/lock; exit 1"
    _made(machine, f"make shop 1.0 right '' '{script}'")
    assert _install(machine)[0] == 1


def test_a_version_that_is_not_there_is_named(machine: Container) -> None:
    _made(machine, "make shop 1.0 right")
    sh(machine, "sed -i s/1.0/2.0/ /repo/Packages; apt-get update")
    code, why = _install(machine)
    assert code == 1
    assert "Version '1.0' for 'shop' was not found" in why
