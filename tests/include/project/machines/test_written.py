"""What a project file may say of its machines, and what is said where it says something wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from include.delivery.commit_dag import commit_dag
from include.delivery.environment_dag import environment_dag
from include.delivery.targets import fleet_target
from include.iam.__main__ import place_of
from include.project.loader import PROJECTS, load_project
from include.project.machines.of_project import instance_type, machine_of
from include.project.model import Project
from slipway.exceptions import ProjectFileError
from slipway.model.cloud.machine import Architecture, Machine, OperatingSystem, SourceImage
from slipway.operators.bake_image import BakeImageOperator
from slipway.operators.build_deb import BuildDebOperator
from slipway.operators.plan import PlanOperator

GOOD = (PROJECTS / "guestbook.yaml").read_text()


def _file(tmp_path: Path, machine: str, **changed: str) -> Path:
    text = GOOD.replace("retention:", f"machine: {machine}\nretention:")
    for old, new in changed.items():
        text = text.replace(old.replace("_", " "), new)
    path = tmp_path / "guestbook.yaml"
    path.write_text(text)
    return path


def _project(tmp_path: Path, machine: str, **changed: str) -> Project:
    return load_project(_file(tmp_path, machine, **changed))


def _wrong(tmp_path: Path, machine: str) -> str:
    with pytest.raises(ProjectFileError) as caught:
        _project(tmp_path, machine)
    return str(caught.value)


def _of_prod(project: Project, machine: dict[str, Any]) -> Project:
    data = project.model_dump(by_alias=True, exclude_unset=True)
    data["environments"]["prod"]["machine"] = machine
    return Project.model_validate(data)


def test_who_says_nothing_has_the_machine_of_ever() -> None:
    project = load_project(PROJECTS / "guestbook.yaml")
    assert machine_of(project, "dev") == Machine()
    assert instance_type(project, "dev") == "t3.micro"


def test_all_that_can_be_said(tmp_path: Path) -> None:
    project = _project(
        tmp_path,
        "{os: ubuntu-24.04, roles: [nginx, geerlingguy.java, community.general.x], "
        "packages: [tree, g++], ami: {owner: self, name: golden-*}, variables: "
        "{nginx_port: 81, nested: {a: [1, two]}, sysctl: {vm.swappiness: 1, net.ipv4.tcp_rmem: "
        "4096 131072 6291456, net/ipv4/conf/eth0.1/forwarding: 0}, limits: {nofile: 9, nproc: "
        "unlimited}, journald: {SystemMaxUse: 1G, Compress: false}, timezone: Europe/Berlin, "
        "ntp_servers: [169.254.169.123], swap: 2G}}",
    )
    found = machine_of(project, "prod")
    assert found == Machine(
        os=OperatingSystem.UBUNTU_24_04,
        packages=("tree", "g++"),
        roles=("nginx", "geerlingguy.java", "community.general.x"),
        source=SourceImage(owner="self", name="golden-*"),
        variables={
            "nginx_port": 81,
            "nested": {"a": [1, "two"]},
            "limits": {"nofile": 9, "nproc": "unlimited"},
            "sysctl": {
                "vm.swappiness": 1,
                "net.ipv4.tcp_rmem": "4096 131072 6291456",
                "net/ipv4/conf/eth0.1/forwarding": 0,
            },
            "journald": {"SystemMaxUse": "1G", "Compress": False},
            "timezone": "Europe/Berlin",
            "ntp_servers": ["169.254.169.123"],
            "swap": "2G",
        },
    )


def test_an_environment_says_only_what_differs(tmp_path: Path) -> None:
    project = _of_prod(
        _project(tmp_path, "{os: debian-13, roles: [nginx], variables: {a: 1, swap: 1G}}"),
        {"variables": {"a": 2}, "packages": ["tree"]},
    )
    dev, prod = machine_of(project, "dev"), machine_of(project, "prod")
    assert dev.variables == {"a": 1, "swap": "1G"}
    assert prod.variables == {"a": 2, "swap": "1G"}
    assert (prod.os, prod.roles, prod.packages) == (dev.os, dev.roles, ("tree",))
    assert dev.identity != prod.identity
    tasks = [environment_dag(project, name).get_task("bake_image") for name in ("dev", "prod")]
    for bake, machine in zip(tasks, (dev, prod), strict=True):
        assert isinstance(bake, BakeImageOperator)
        assert bake.machine == machine
    planned = environment_dag(project, "prod").get_task("plan")
    assert isinstance(planned, PlanOperator)
    assert planned.image.layers.machine == prod


@pytest.mark.parametrize(
    ("machine", "said"),
    [
        ("{os: debian-11}", "'debian-12' or 'debian-13', not 'debian-11'"),
        ("{architecture: x86_64}", "'amd64' or 'arm64', not 'x86_64'"),
        ("{arch: arm64}", "machine.arch: unknown field; did you mean 'architecture'?"),
        ("{variables: {sysctls: {}}}", "'sysctls' is unknown, and no role is named that could"),
        ("{variables: {sysctls: {}}}", "did you mean 'sysctl'?"),
        ("{variables: {journald: {SystemMaxSize: 1G}}}", "did you mean 'SystemMaxFileSize'?"),
        ("{variables: {journald: {SystemMaxUse: much}}}", "write a size like 512M or 2G"),
        ("{variables: {limits: {nofiles: 1}}}", "did you mean 'nofile'?"),
        ("{variables: {timezone: Europe/Berln}}", "did you mean 'Europe/Berlin'?"),
        ("{variables: {swap: 1GB}}", "write a size like 512M or 2G"),
        ("{variables: {sysctl: {swappiness: 1}}}", "a kernel setting like net.core.somaxconn"),
        ('{variables: {sysctl: {vm.x: "1\\nkernel.y = 2"}}}', "the setting's value, in one line"),
        ("{roles: [r], variables: {app_sha256: x}}", "'app_sha256' begins like Slipway's own"),
        ("{roles: [r], variables: {ansible_user: x}}", "begins like Slipway's own variables, or"),
        ("{roles: [r], variables: {a-b: x}}", "'a-b' is no variable's name"),
        ("{roles: [../../etc]}", "the name of a role's folder"),
        ("{roles: nginx}", "machine.roles: 'nginx' is no list"),
        ("{packages: [Nginx]}", "as packages are called"),
        ("{ami: 0123}", "machine.ami: 83 is"),
        ("{ami: {name: x}}", "write an id like ami-0123456789abcdef0, or name and owner"),
        ("{ami: {id: ami-1, name: x, owner: self}}", "write an id like ami-0123456789abcdef0, or"),
        ("{ami: {name: x, owner: debian}}", "an account's 12 digits, or self"),
    ],
)
def test_what_is_wrong_is_named_with_what_may_stand_there(
    tmp_path: Path, machine: str, said: str
) -> None:
    assert said in _wrong(tmp_path, machine)


def test_an_instance_type_that_cannot_run_the_machine_is_named(tmp_path: Path) -> None:
    said = _wrong(tmp_path, "{architecture: arm64}")
    assert "environments.dev: instance.type t3.micro is amd64, and the machine arm64" in said
    assert "take one like t4g.micro" in said


def test_who_names_no_type_gets_one_that_fits(tmp_path: Path) -> None:
    project = _project(tmp_path, "{architecture: arm64}", **{"type:_t3.micro,": ""})
    assert machine_of(project, "dev").architecture is Architecture.ARM64
    assert fleet_target(project, "dev").instance_type == "t4g.micro"
    bake = commit_dag(project).get_task("bake_image")
    assert isinstance(bake, BakeImageOperator)
    assert bake.instance_type == "t4g.micro"


def test_a_type_is_not_questioned_where_nothing_is_said_of_the_machine(tmp_path: Path) -> None:
    """The source image of [slipway] may be of any architecture, as it always could."""
    path = tmp_path / "guestbook.yaml"
    path.write_text(GOOD.replace("t3.micro", "t4g.micro"))
    assert fleet_target(load_project(path), "dev").instance_type == "t4g.micro"


@pytest.mark.parametrize(
    ("machine", "owner"),
    [
        ("{os: ubuntu-22.04}", "099720109477"),
        ("{os: debian-13}", "136693071363"),
        ("{ami: {name: golden, owner: self}}", "self"),
    ],
)
def test_the_roles_of_an_environment_know_whose_image_it_starts_from(
    tmp_path: Path, machine: str, owner: str
) -> None:
    _file(tmp_path, machine)
    groups = {"slipway-app": "sg-1"}
    place = place_of("guestbook", "dev", tmp_path, security_groups=groups)
    assert place.source_owner == owner
    given = place_of("guestbook", "dev", tmp_path, security_groups=groups, source_owner="self")
    assert given.source_owner == "self"


def test_whose_image_it_is_has_to_be_said_of_one_by_its_id(tmp_path: Path) -> None:
    _file(tmp_path, "{ami: ami-0123}")
    with pytest.raises(SystemExit) as caught:
        place_of("guestbook", "dev", tmp_path, security_groups={"slipway-app": "sg-1"})
    assert "--source-owner" in str(caught.value)
    assert "aws ec2 describe-images --image-ids ami-0123" in str(caught.value)


DEBS = "nfpm: packaging/nfpm.yaml", "debs: dist/*.deb\n  suites: [bookworm, trixie]"


def test_packages_that_differ_by_suite_are_said_to(tmp_path: Path) -> None:
    path = _file(tmp_path, "{os: debian-13}")
    path.write_text(path.read_text().replace(*DEBS))
    build = commit_dag(load_project(path)).get_task("build_deb")
    assert isinstance(build, BuildDebOperator)
    assert build.suites == ("bookworm", "trixie")


@pytest.mark.parametrize(
    ("suites", "machine", "said"),
    [
        ("[bookworm]", "{os: debian-13}", "machine of dev: package.suites has nothing for trixie"),
        ("[trixie]", "{}", "machine of dev: package.suites has nothing for bookworm"),
        ("[bokworm]", "{}", "did you mean 'bookworm'?"),
        ("[debian-12]", "{}", "'debian-12' is no suite of an operating system that machines boot"),
    ],
)
def test_suites_that_no_machine_can_use_are_named(
    tmp_path: Path, suites: str, machine: str, said: str
) -> None:
    path = _file(tmp_path, machine)
    old, new = DEBS
    path.write_text(path.read_text().replace(old, new.replace("[bookworm, trixie]", suites)))
    with pytest.raises(ProjectFileError) as caught:
        load_project(path)
    assert said in str(caught.value)


def test_suites_of_what_nfpm_packs_are_refused(tmp_path: Path) -> None:
    path = _file(tmp_path, "{}")
    path.write_text(path.read_text().replace("  unit:", "  suites: [bookworm]\n  unit:"))
    with pytest.raises(ProjectFileError, match="name them in `debs`"):
        load_project(path)
