"""What somebody reads who asks why an image would be baked anew."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from moto import mock_aws

from include.cli import image
from include.project.loader import load_project
from include.project.machines.of_project import machine_of
from include.project.model import Project
from slipway.exceptions import ProjectFileError, ReleaseNotFound
from slipway.hooks.docker.engine import ContainerEngine
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.image_records import ImageRecords
from slipway.hooks.tools.packer import Bake
from slipway.model.cloud.account import Account
from slipway.operators import bake_image
from slipway.operators.bake_image import BakeImageOperator
from slipway.operators.images import bakes
from slipway.tasks.images import outlook
from tests.slipway.fleet import moto_cloud
from tests.slipway.fleet.moto_cloud import client
from tests.slipway.operators.releases import catalogue, make_record

ROOT = Path(__file__).resolve().parents[3]
PROJECT = """\
name: shop
repository: {url: "https://git.example.com/shop.git"}
package: {name: shop, unit: shop.service, config: {PORT: "80"}}
machine: {roles: [front], variables: {front_port: 81}, packages: [tree]}
environments:
  dev:
    aws: {region: eu-west-1}
    target_group: shop-dev
    instance: {subnets: [a], security_groups: [b]}
"""

pytestmark = pytest.mark.usefixtures("artifacts")


def _bake(plan: Bake, **_: Any) -> str:
    ec2 = client("ec2")
    made = ec2.register_image(Name=plan.image_name, Architecture="x86_64")["ImageId"]
    pairs = [{"Key": key, "Value": value} for key, value in {**plan.tags, **plan.marks}.items()]
    ec2.create_tags(Resources=[made], Tags=pairs)
    return str(made)


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A devops codebase of its own, and an account with a source image."""
    for folder in ("ansible", "packer"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    role = tmp_path / "ansible" / "projects" / "shop" / "front" / "tasks"
    role.mkdir(parents=True)
    (role / "main.yml").write_text("- ansible.builtin.debug: {msg: '{{ front_port }}'}\n")
    for name, value in (("OWNER", "self"), ("AMI", "image")):
        monkeypatch.setenv(f"AIRFLOW__SLIPWAY__SOURCE_{name}", value)
    monkeypatch.setenv("AIRFLOW__SLIPWAY__RECIPES", str(tmp_path))
    engine = mock.create_autospec(ContainerEngine, instance=True)
    monkeypatch.setattr(bakes, "container_engine", lambda _: engine)
    for module in (bake_image, outlook):
        monkeypatch.setattr(module, "aws_client", lambda _, __, service: client(service))
    monkeypatch.setattr(bakes, "account", lambda *_: None)
    monkeypatch.setattr(bakes, "bake", _bake)
    catalogue("2.0")
    with mock_aws():
        moto_cloud.furnish()
        yield tmp_path


def _project(tmp_path: Path, *changed: str) -> Project:
    text = PROJECT
    for old, new in zip(changed[::2], changed[1::2], strict=True):
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "shop.yaml").write_text(text)
    return load_project(tmp_path / "shop.yaml")


def _baked(project: Project, version: str = "2.0") -> str:
    operator = BakeImageOperator(
        task_id="bake_image",
        package=make_record(version).package.to_json(),
        unit="shop.service",
        config=project.package.config,
        account=Account(aws_conn_id="aws", region="eu-west-1"),
        machine=machine_of(project, "dev"),
    )
    ti = SimpleNamespace(dag_id="shop", task_id="bake_image", run_id="r")
    context: Any = {"ti": ti}
    return str(operator.execute(context)["image_id"])


def _told(project: Project, version: str = "") -> str:
    out = io.StringIO()
    image.tell(project, ["dev"], version, out)
    return out.getvalue()


def test_what_an_image_is_made_of(tree: Path) -> None:
    project = _project(tree)
    made = _baked(project)
    told = _told(project)
    for line in (
        "shop dev",
        "  machine           debian-12-amd64",
        "  packages          tree",
        "  roles             front (1 files)",
        "  variables         front_port",
        "  package           shop 2.0, sha256 d",
        "  settings          PORT",
    ):
        assert f"{line}\n" in told
    assert f"  image             {made} (shop-2.0-" in told
    assert "would be baked" not in told


def test_nothing_is_baked_by_looking(tree: Path) -> None:
    before = len(client("ec2").describe_images(Owners=["self"])["Images"])
    told = _told(_project(tree))
    assert "the base layer would be baked:\n    there is none yet\n" in told
    assert "the image would be baked:\n    there is none yet\n" in told
    assert len(client("ec2").describe_images(Owners=["self"])["Images"]) == before


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (('PORT: "80"', 'PORT: "81"'), ["package.config.PORT: 80 -> 81"]),
        (
            ('PORT: "80"', 'HOST: "x"'),
            ["package.config.HOST: x is new", "package.config.PORT is gone"],
        ),
        (("[tree]", "[htop]"), ["machine.packages has changed"]),
        (("front_port: 81", "front_port: 82"), ["machine.variables.front_port has changed"]),
        (
            ("front_port: 81", "swap: 1G"),
            ["machine.variables.front_port is gone", "machine.variables.swap is new"],
        ),
    ],
)
def test_what_the_project_file_changed_is_named_and_nothing_else(
    tree: Path, changed: tuple[str, ...], said: list[str]
) -> None:
    _baked(_project(tree))
    told = _told(_project(tree, *changed)).partition("  the image would be baked:\n")[2]
    assert told.splitlines() == [f"    {line}" for line in said]


def test_a_changed_file_of_a_role_is_named_by_its_place_in_the_tree(tree: Path) -> None:
    project = _project(tree)
    _baked(project)
    role = tree / "ansible" / "projects" / "shop" / "front"
    (role / "tasks" / "main.yml").write_text("- ansible.builtin.debug: {msg: front_port}\n")
    (role / "defaults").mkdir()
    (role / "defaults" / "main.yml").write_text("front_port: 80\n")
    told = _told(project).partition("  the image would be baked:\n")[2]
    assert told.splitlines() == [
        "    ansible/projects/shop/front/defaults/main.yml is new",
        "    ansible/projects/shop/front/tasks/main.yml has changed",
    ]


def test_a_newer_source_image_is_why_both_layers_are_baked(tree: Path) -> None:
    project = _project(tree)
    _baked(project)
    made = client("ec2").register_image(Name="image-new", Architecture="x86_64")["ImageId"]
    told = _told_with_source(project, "image-new")
    base, _, app = told.partition("  the image would be baked:\n")
    assert f" -> {made} (image-new)" in base.partition("the base layer would be baked:\n")[2]
    assert "base layer: ami-" in app
    assert "one that is baked first" in app


def _told_with_source(project: Project, name: str) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW__SLIPWAY__SOURCE_AMI", name)
        return _told(project)


def test_a_release_that_has_none_is_compared_with_the_last_one_that_has(tree: Path) -> None:
    project = _project(tree)
    _baked(project)
    catalogue("3.0")
    told = _told(project, "3.0").partition("  the image would be baked:\n")[2]
    (line,) = told.splitlines()
    assert line == "    package: shop 2.0 (sha256 d) -> shop 3.0 (sha256 d)"


def test_an_image_of_before_inputs_were_noted_is_said_to_be(tree: Path) -> None:
    project = _project(tree)
    made = _baked(project)
    records, release = ImageRecords(artifact_store()), make_record("2.0").package.release
    record = records.find(made, release)
    assert record
    old = {key: value for key, value in record.to_json().items() if key != "inputs"}
    records.record(type(record).from_json(old), release)
    told = _told(_project(tree, "[tree]", "[htop]"))
    assert "its inputs were not written down yet" in told


def test_words_that_are_no_project_or_release_are_named(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ReleaseNotFound):
        _told(_project(tree), "9.9")
    assert image.main(["gestbook"]) == 2
    assert "did you mean guestbook?" in capsys.readouterr().err
    assert image.main(["guestbook", "--environment", "pord"]) == 2
    assert "did you mean prod?" in capsys.readouterr().err
    with pytest.raises(ProjectFileError, match="no role 'frnt'"):
        _told(_project(tree, "[front], variables: {front_port: 81}", "[frnt]"))
