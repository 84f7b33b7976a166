"""Two project files that would share what belongs to one of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from include.delivery.commit_dag import build
from include.iam.__main__ import place_of
from include.project.loader import PROJECTS, load_project, load_projects
from slipway.operators.bake_image import BakeImageOperator
from slipway.operators.plan import PlanOperator
from slipway.tasks.images.layers import Layers
from tests.slipway.operators.releases import make_record

GOOD = (PROJECTS / "guestbook.yaml").read_text()
ROOT = PROJECTS.parents[1]


def write(folder: Path, project: str, environment: str, package: str = "", more: str = "") -> Path:
    text = GOOD.replace("name: guestbook\n", f"name: {project}\n", 1)
    text = text.replace("  prod:\n", f"  {environment}:\n")
    text = text.replace("  name: guestbook\n", f"  name: {package or project}\n{more}", 1)
    path = folder / f"{project}.yaml"
    path.write_text(text)
    return path


def test_a_project_does_not_publish_another_ones_package(tmp_path: Path) -> None:
    write(tmp_path, "shop", "prod")
    write(tmp_path, "thief", "prod", package="shop")
    shelf = load_projects(tmp_path)
    assert list(shelf.projects) == ["shop"]
    said = str(shelf.errors["thief.yaml"])
    assert "thief.yaml: package.name: 'shop' is also the package of shop.yaml" in said


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("shop", "dev-x"), ("shop-dev", "x")),
        (("aa", "b-c-d"), ("aa-b-c", "d")),
        (("aa", "b--c"), ("aa-b-", "c")),
    ],
)
def test_a_project_does_not_become_another_ones_environment_by_its_name(
    tmp_path: Path, first: tuple[str, str], second: tuple[str, str]
) -> None:
    for project, environment in (first, second):
        write(tmp_path, project, environment)
    shelf = load_projects(tmp_path)
    assert len(shelf.projects) == 1
    ((file, error),) = shelf.errors.items()
    (one, other) = (first, second) if file == f"{first[0]}.yaml" else (second, first)
    said = str(error)
    assert f"{one[0]}.yaml: environments.{one[1]} of {one[0]} would be called" in said
    assert f"as environments.{other[1]} of {other[0]} in {other[0]}.yaml is" in said
    with pytest.raises(SystemExit, match=re.escape("would be called")):
        place_of(first[0], first[1], tmp_path, security_groups={"slipway-app": "sg-0"})


@pytest.mark.parametrize(
    ("names", "refused"),
    [(("shop", "shop-data"), True), (("zoo", "zoo-shop"), True), (("shop", "shopkeeper"), False)],
)
@pytest.mark.parametrize("late", [False, True])
def test_what_a_pipeline_publishes_is_no_other_projects_package(
    tmp_path: Path, names: tuple[str, str], *, refused: bool, late: bool
) -> None:
    """With `debs` a pipeline publishes what it calls like its project, and more."""
    first, second = names
    for project, package in (("z" if late else "a", first), ("m", second)):
        more = "  debs: dist/*.deb\n" if package == first else ""
        path = write(tmp_path, project, "prod", package=package, more=more)
        if more:
            path.write_text(path.read_text().replace("  nfpm: packaging/nfpm.yaml\n", ""))
    errors = load_projects(tmp_path).errors
    assert bool(errors) is refused
    assert all("with `debs` one could publish the other" in str(one) for one in errors.values())


def test_names_that_only_begin_alike_are_two(tmp_path: Path) -> None:
    for project, environment in (("shop", "dev-x"), ("shop-dev", "y"), ("shop-dev-x", "z")):
        write(tmp_path, project, environment)
    assert load_projects(tmp_path).errors == {}


def test_rights_are_not_given_while_a_neighbours_file_is_broken(tmp_path: Path) -> None:
    write(tmp_path, "shop", "prod")
    (tmp_path / "shop-prod.yaml").write_text("name: [")
    with pytest.raises(SystemExit, match=r"names may clash:\nshop-prod\.yaml"):
        place_of("shop", "prod", tmp_path, security_groups={"slipway-app": "sg-0"})


def test_ansible_is_told_what_a_project_uses_and_nothing_more(tmp_path: Path) -> None:
    path = write(tmp_path, "shop", "prod", more="  uses: [shop-lib, shop-common]\n")
    uses = load_project(path).package.uses
    assert uses == ("shop-lib", "shop-common")
    for given, told in ((uses, ["shop-common", "shop-lib"]), ((), [])):
        layers = Layers(region="eu-west-1", unit="u", config={}, recipes=str(ROOT), uses=given)
        bake = layers.app(make_record("1.0").package, "ami-0", "n")
        assert bake.variables["app_uses"] == told


def test_the_plan_and_the_bake_know_what_a_project_uses(tmp_path: Path) -> None:
    path = write(tmp_path, "shop", "prod", more="  uses: [shop-common]\n")
    dag = build(load_project(path), "shop.prod")
    bake, plan = dag.get_task("bake_image"), dag.get_task("plan")
    assert isinstance(bake, BakeImageOperator)
    assert isinstance(plan, PlanOperator)
    assert bake.uses == plan.image.layers.uses == ("shop-common",)
