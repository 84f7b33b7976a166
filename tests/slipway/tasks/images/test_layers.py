"""What the layers of an image are made of, and what of it makes another image."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from slipway.exceptions import EnvironmentMisconfigured, ProjectFileError
from slipway.hooks.aws.machine_images import ImageCatalogue
from slipway.hooks.tools.packer import Bake
from slipway.hooks.tools.recipes import digest, recipe
from slipway.model.cloud.machine import Architecture, Machine, OperatingSystem, SourceImage
from slipway.model.facts import PublishedPackage
from slipway.tasks.images.layers import Layers
from tests.slipway.operators.releases import make_record

ROOT = Path(__file__).resolve().parents[4]
PACKAGE: PublishedPackage = make_record("2.0").package
LAYERS = Layers(
    region="eu-west-1",
    unit="shop.service",
    config={"PORT": "80"},
    recipes=str(ROOT),
    uses=("common",),
)


class Ec2:
    """Answers with these images, and notes what it was asked: moto knows no architectures."""

    def __init__(self, *images: dict[str, str]) -> None:
        self.images, self.asked = images, list[dict[str, Any]]()

    def describe_images(self, **words: Any) -> Any:
        self.asked.append(words)
        usual = {"Name": "golden", "Architecture": "x86_64", "CreationDate": "2026-01-01"}
        return {"Images": [{**usual, **one} for one in self.images]}


@pytest.fixture
def recipes(tmp_path: Path) -> Path:
    """A tree with a project's own role, one that all share, and one that nobody names."""
    for folder in ("ansible", "packer"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    shutil.rmtree(tmp_path / "ansible" / "projects")
    _role(tmp_path / "ansible/projects/shop/front", "template: {src: a, dest: '{{ front_port }}'}")
    _role(tmp_path / "ansible/projects/other/secret", "debug: {}")
    _role(tmp_path / "ansible/roles/java", "include_role: {name: tools}")
    _role(tmp_path / "ansible/roles/tools", "debug: {msg: '{{ tools_word }}'}")
    _role(tmp_path / "ansible/roles/unnamed", "debug: {}")
    return tmp_path


def _role(folder: Path, task: str) -> None:
    (folder / "tasks").mkdir(parents=True)
    (folder / "tasks" / "main.yml").write_text(f"- ansible.builtin.{task}\n")


def _app(layers: Layers) -> Bake:
    return layers.app(PACKAGE, "ami-base", "bake")


def _with(recipes: Path, **machine: Any) -> Layers:
    return replace(LAYERS, recipes=str(recipes), machine=Machine(**machine))


def _publish(ec2: Any, name: str, architecture: str = "x86_64") -> str:
    made = ec2.register_image(Name=name, Architecture=architecture)["ImageId"]
    return str(made)


def test_the_images_of_who_says_nothing_of_machines_are_found_again() -> None:
    """As they were tagged before there was anything to be said."""
    variables = {
        "app_package": "shop",
        "app_version": "2.0",
        "app_uses": ["common"],
        "app_sha256": "d",
        "app_unit": "shop.service",
        "app_config": {"PORT": {"__ansible_unsafe": "80"}},
        "app_repository_url": "http://x",
        "app_repository_distribution": "stable",
        "app_repository_component": "main",
        "app_repository_key": "k",
    }
    written = json.dumps(variables, sort_keys=True).encode()
    bake = _app(LAYERS)
    assert bake.variables == variables
    assert bake.tags == {
        "slipway:layer": "app",
        "slipway:deb-sha256": "d",
        "slipway:project": "shop",
        "slipway:version": "2.0",
        "slipway:sha": "2" * 40,
        "slipway:base-image": "ami-base",
        "slipway:playbook": digest(recipe(ROOT, "app"), {"variables": written}),
    }
    assert not any("roles/machine" in name for name in bake.files)


@pytest.mark.parametrize("os", list(OperatingSystem))
@pytest.mark.parametrize("architecture", list(Architecture))
def test_a_base_layer_starts_from_its_operating_systems_newest_image(
    os: OperatingSystem, architecture: Architecture
) -> None:
    machine = Machine(os=os, architecture=architecture)
    wanted = machine.distribution.source(architecture)
    kind = {"Architecture": architecture.in_ec2}
    days = ({"ImageId": f"ami-{day}", "CreationDate": f"2026-01-0{day}"} for day in (1, 3, 2))
    ec2 = Ec2(*({**kind, **day} for day in days))
    bake = replace(LAYERS, machine=machine).base(ImageCatalogue(ec2), "bake")
    assert bake.source_image == "ami-3"
    (asked,) = ec2.asked
    assert asked["Owners"] == [wanted.owner]
    assert {"Name": "name", "Values": [wanted.name]} in asked["Filters"]
    user = "ubuntu" if os.value.startswith("ubuntu") else "admin"
    builder = "t3.small" if architecture is Architecture.AMD64 else "t4g.small"
    assert (bake.settings["ssh_username"], bake.settings["instance_type"]) == (user, builder)


def test_projects_share_the_base_layer_of_an_operating_system(recipes: Path) -> None:
    catalogue = ImageCatalogue(Ec2({"ImageId": "ami-1"}))
    source = SourceImage(name="golden-*", owner="self")
    with_role = _with(recipes, source=source, roles=("front",)).base(catalogue, "bake")
    plain = _with(recipes, source=source, packages=("tree",)).base(catalogue, "bake")
    assert with_role.tags == plain.tags
    assert with_role.tags["slipway:base-image"] == "ami-1"


def test_one_image_may_be_named_by_its_id() -> None:
    ec2 = Ec2({"ImageId": "ami-1"})
    layers = replace(LAYERS, machine=Machine(source=SourceImage(image_id="ami-1")))
    assert layers.base(ImageCatalogue(ec2), "bake").source_image == "ami-1"
    (asked,) = ec2.asked
    assert "Owners" not in asked
    assert {"Name": "image-id", "Values": ["ami-1"]} in asked["Filters"]


def test_an_image_of_another_architecture_is_named() -> None:
    catalogue = ImageCatalogue(Ec2({"ImageId": "ami-1", "Architecture": "arm64"}))
    layers = replace(LAYERS, machine=Machine(source=SourceImage(image_id="ami-1")))
    with pytest.raises(EnvironmentMisconfigured, match=r"\(golden\) is of arm64, not x86_64"):
        layers.base(catalogue, "bake")


def test_an_image_that_is_not_there_is_named_with_its_owner() -> None:
    layers = replace(LAYERS, machine=Machine(os=OperatingSystem.UBUNTU_24_04))
    with pytest.raises(EnvironmentMisconfigured, match=r"ubuntu-noble.* of '099720109477' for x86"):
        layers.base(ImageCatalogue(Ec2()), "bake")


def test_machines_that_cannot_run_what_the_configuration_starts_from_are_named() -> None:
    catalogue = ImageCatalogue(Ec2({"ImageId": "ami-1", "Architecture": "arm64"}))
    assert replace(LAYERS, instance_type="t4g.micro").base(catalogue, "bake")
    with pytest.raises(EnvironmentMisconfigured) as caught:
        replace(LAYERS, instance_type="t3.micro").base(catalogue, "bake")
    assert "t3.micro has an amd64 processor, and the image" in str(caught.value)
    assert "t4g.micro" in caught.value.advice


def test_a_projects_roles_come_with_those_that_they_name_and_no_others(recipes: Path) -> None:
    bake = _app(_with(recipes, roles=("front", "java"), variables={"front_port": 81}))
    roles = {name.split("/")[2] for name in bake.files if name.startswith("ansible/roles/")}
    assert roles == {"app", "base", "machine", "front", "java", "tools"}
    assert bake.playbook == "ansible/machine.yml"
    assert bake.playbook in bake.files
    assert bake.variables["machine_roles"] == ["front", "java"]
    assert bake.variables["front_port"] == 81
    assert "ansible/requirements.yml" in bake.files


def test_a_projects_own_role_comes_before_one_that_all_share(recipes: Path) -> None:
    _role(recipes / "ansible/projects/shop/java", "debug: {msg: own}")
    bake = _app(_with(recipes, roles=("java",)))
    assert b"msg: own" in bake.files["ansible/roles/java/tasks/main.yml"]


@pytest.mark.parametrize(
    "change",
    [
        {"roles": ("java", "front")},
        {"packages": ("tree", "htop")},
        {"variables": {"front_port": 82}},
        {"os": OperatingSystem.DEBIAN_13},
    ],
)
def test_whatever_a_project_says_of_its_machines_makes_another_image(
    recipes: Path, change: dict[str, Any]
) -> None:
    said: dict[str, Any] = {
        "roles": ("front", "java"),
        "variables": {"front_port": 81},
        "packages": ("tree",),
    }
    before = _app(_with(recipes, **said)).tags
    assert _app(_with(recipes, **said)).tags == before
    assert _app(_with(recipes, **{**said, **change})).tags != before


def test_a_byte_of_a_role_makes_another_image_and_what_editors_leave_does_not(
    recipes: Path,
) -> None:
    layers = _with(recipes, roles=("java",))
    before = _app(layers).tags
    tools, unnamed = (recipes / "ansible/roles" / name for name in ("tools", "unnamed"))
    (unnamed / "tasks" / "main.yml").write_text("[]")
    for litter in ("tasks/.main.yml.swp", "tasks/main.yml~", "library/__pycache__/a.pyc"):
        (tools / litter).parent.mkdir(exist_ok=True, parents=True)
        (tools / litter).write_text("x")
    assert _app(layers).tags == before
    (tools / "tasks" / "main.yml").write_text("- ansible.builtin.debug: {msg: other}\n")
    assert _app(layers).tags != before


def test_tuning_takes_no_role_and_leaves_the_base_layer_alone(recipes: Path) -> None:
    layers = _with(recipes, variables={"swap": "1G", "sysctl": {"vm.swappiness": 1}})
    bake = _app(layers)
    assert bake.variables["machine_swap"] == "1G"
    assert bake.variables["machine_sysctl"] == {"vm.swappiness": 1}
    assert "swap" not in bake.variables


@pytest.mark.parametrize(
    ("machine", "said"),
    [
        ({"roles": ("frnt",)}, r"no role 'frnt' in ansible/projects/shop or ansible/roles; did "),
        ({"roles": ("frnt",)}, r"did you mean 'front'\?"),
        ({"roles": ("secret",)}, "there is no role 'secret'"),
        ({"roles": ("tuning",)}, "'tuning' is one of the roles that every machine has"),
        ({"roles": ("front",), "variables": {"front_prt": 1}}, "no role knows 'front_prt'"),
        ({"roles": ("front",), "variables": {"swapp": 1}}, r"did you mean 'swap'\?"),
    ],
)
def test_what_no_role_knows_is_named_with_the_nearest(
    recipes: Path, machine: dict[str, Any], said: str
) -> None:
    with pytest.raises(ProjectFileError, match=said):
        _app(_with(recipes, **machine))


def test_a_role_of_a_collection_is_the_toolboxs(recipes: Path) -> None:
    said = {"community.x.role": 1}
    bake = _app(_with(recipes, roles=("community.x.role",), variables={"theirs": said}))
    assert bake.variables["theirs"] == said
    before = bake.tags
    pinned = recipes / "ansible" / "requirements.yml"
    pinned.write_text("collections: [{name: community.x, version: 2.0.0}]")
    after = _app(_with(recipes, roles=("community.x.role",), variables={"theirs": said})).tags
    assert after != before
