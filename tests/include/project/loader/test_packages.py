"""Packages: what the pipeline builds for them, or builds itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from include.delivery.commit_dag import commit_dag
from include.project.loader import load_project
from include.project.machines.of_project import architectures
from slipway.exceptions import ProjectFileError
from slipway.operators.build_deb import BuildDebOperator
from tests.include.project.loader.files import GOOD, broken

if TYPE_CHECKING:
    from pathlib import Path

PACKAGE = "nfpm: packaging/nfpm.yaml"


def test_what_the_pipeline_builds(tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    more = "built: [bin/shop, 'web/dist/**', dist/]\n  from: compile"
    path.write_text(GOOD.replace(PACKAGE, f"{PACKAGE}\n  {more}"))
    package = load_project(path).package
    assert (package.built, package.built_by) == (("bin/shop", "web/dist/**", "dist/"), "compile")


def test_a_package_that_the_pipeline_builds_itself(tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text(GOOD.replace(PACKAGE, "debs: dist/shop_*.deb\n  from: compile"))
    project = load_project(path)
    assert project.package.taken(architectures(project)) == ("dist/shop_*.deb",)
    deb = commit_dag(project).get_task("build_deb")
    assert isinstance(deb, BuildDebOperator)
    assert (deb.debs, deb.built_task) == ("dist/shop_*.deb", "build")
    path.write_text(GOOD.replace(PACKAGE, "debs: dist/*.deb\n  built: [bin/shop]"))
    with pytest.raises(ProjectFileError, match="leave out built"):
        load_project(path)


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("built: [/etc/passwd]", "is not a path inside the repository"),
        ("built: [../x]", "is not a path inside the repository"),
        ('built: ["bin/\\u202ex"]', "is not a path inside the repository"),
        ("built: ['']", "is not a path inside the repository"),
        ("built: [.]", "is not what a pipeline builds"),
        ("built: [./.git/config]", "is not what a pipeline builds"),
        ("built: ['" + "{a,b}" * 9 + "']", "stands for more than 50 others"),
        ("from: compile", "`from` says which pipeline builds"),
        ("built: [x]\n  from: ''", "package.from"),
        ("debs: dist/*.deb", "leave out nfpm"),
        ("debs: [dist/*.deb]", "package.debs"),
    ],
)
def test_what_no_pipeline_builds_is_refused(tmp_path: Path, written: str, says: str) -> None:
    assert says in broken(tmp_path, PACKAGE, f"{PACKAGE}\n  {written}")
