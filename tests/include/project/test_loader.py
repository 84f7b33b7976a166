from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from include.delivery.commit_dag import commit_dag
from include.delivery.targets import fleet_target
from include.project.field_types import in_words
from include.project.loader import PROJECTS, load_project, load_projects
from include.project.schema import SCHEMA, render
from slipway.exceptions import ProjectFileError
from slipway.model.target import Canary, DeployTarget, Probe
from slipway.operators.build_deb import BuildDebOperator
from slipway.operators.checkout import CheckoutOperator
from slipway.operators.run_pipeline import RunPipelineOperator
from tests.include.project.loader.files import GOOD, URL, broken, line_of

if TYPE_CHECKING:
    from pathlib import Path


def test_the_example_is_right() -> None:
    project = load_project(PROJECTS / "guestbook.yaml")
    assert project.continuous == "dev"
    assert project.environments["prod"].keep_old.total_seconds() == 300


@pytest.mark.parametrize("written", ["90s", "{for: 90s}"])
def test_a_soak_may_be_only_its_length(tmp_path: Path, written: str) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text(GOOD.replace("soak: 5s", f"soak: {written}"))
    soak = load_project(path).environments["dev"].soak
    assert (soak.length.total_seconds(), soak.probe, soak.alarms) == (90, None, ())


def test_what_a_release_is_watched_by(tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    watched = "soak: {for: 2m, probe: {path: /ready, failures: 2}, alarms: [errors, latency]}"
    path.write_text(GOOD.replace("soak: 5s", watched))
    target = fleet_target(load_project(path), "dev")
    assert (target.soak, target.alarms) == (120.0, ("errors", "latency"))
    assert target.probe == Probe(path="/ready", failures=2)
    assert DeployTarget.from_json(json.loads(json.dumps(target.to_json()))) == target


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("true", Canary(size=1, soak=30.0)),
        ("{size: 2, soak: 1m}", Canary(size=2, soak=60.0)),
        ("false", None),
    ],
)
def test_a_canary(tmp_path: Path, written: str, expected: Canary | None) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text(GOOD.replace("soak: 5s", f"canary: {written}"))
    target = fleet_target(load_project(path), "dev")
    assert target.canary == expected
    assert DeployTarget.from_json(json.loads(json.dumps(target.to_json()))) == target


def test_an_unknown_field_names_its_place_and_the_nearest(tmp_path: Path) -> None:
    said = broken(tmp_path, "  branch: main", "  brunch: main")
    line = line_of("  branch: main")
    assert f"shop.yaml:{line}:3: repository.brunch: unknown field; did you mean 'branch'?" in said


def test_a_deep_unknown_field_is_found(tmp_path: Path) -> None:
    said = broken(tmp_path, "timeout: 2m", "timout: 2m")
    assert f"shop.yaml:{line_of('timeout: 2m')}:" in said
    assert "environments.dev.health.timout: unknown field; did you mean 'timeout'?" in said


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("name: guestbook\nowner", "owner", "name: this field is required"),
        ("soak: 5s", "soak: soon", "'soon' is not a length of time; write it like 90s, 5m or 1h"),
        ("deploy: continuous", "deploy: always", "'continuous' or 'manual', not 'always'"),
        ("  name: guestbook", "  name: Guest_Book", "'Guest_Book' is not allowed here"),
        ("min: 2", "min: 9", "min <= desired <= max must hold"),
        ("    target_group: guestbook-dev\n", "", "name either target_group or load_balancer"),
        ("    database: guestbook_dev\n", "", "migrations need a database in: dev"),
        ("deploy: manual", "deploy: continuous", "only one environment can be continuous"),
        ("git://127.0.0.1:9418/acme/guestbook.git", "file:///etc", "repository.url"),
        ("directory: migrations", "directory: ../../etc", "migrations.directory"),
        ("  postgres: 15", "  on_roll_back: down", "'expand_only' or 'stop', not 'down'"),
        ("owner: guestbook-team", "owner: [", "not valid YAML"),
        ("soak: 5s", "soak: {fro: 5s}", "dev.soak.fro: unknown field; did you mean 'for'?"),
        ("soak: 5s", "soak: {for: soon}", "dev.soak.for: 'soon' is not a length of time"),
        ("soak: 5s", "soak: {probe: {}}", "dev.soak.probe: name a path, which is asked of each"),
        ("soak: 5s", "soak: {probe: {paht: /}}", "probe.paht: unknown field; did you mean 'path'"),
        ("soak: 5s", "soak: {probe: {path: r}}", "dev.soak.probe.path: 'r' is not allowed here"),
        ("soak: 5s", "soak: {probe: {url: 'http://me:secret@x/'}}", "dev.soak.probe.url"),
        ("soak: 5s", "canary: 2", "dev.canary: 2 is no canary; write true, or a mapping like"),
        ("soak: 5s", "canary: {sise: 2}", "dev.canary.sise: unknown field; did you mean 'size'?"),
        ("soak: 5s", "canary: {soak: x}", "dev.canary.soak: 'x' is not a length of time"),
        ("{GUESTBOOK_PORT:", "{GUESTBOOK-PORT:", "package.config.GUESTBOOK-PORT"),
        ("{GUESTBOOK_PORT:", "{9PORT:", "'9PORT' is not allowed here"),
        ("{GUESTBOOK_PORT:", '{"PORT\\n":', "package.config"),
        ('GUESTBOOK_PORT: "8000"', 'GUESTBOOK_PORT: "8\\0"', "holds a zero byte"),
        ('GUESTBOOK_PORT: "8000"', 'GUESTBOOK_PORT: "8\\uFDD0"', "holds U+FDD0, which is no char"),
        ('GUESTBOOK_PORT: "8000"', 'GUESTBOOK_PORT: "8\\U0001FFFE"', "holds U+1FFFE, which is no"),
        (
            "soak: 5s",
            "soak: {alarms: errors}",
            "dev.soak.alarms: 'errors' is no list; write [one, ",
        ),
        (
            "size: {min: 2, desired",
            "size: {min: a, desired",
            "dev.size.min: 'a' is no whole number",
        ),
        (
            "size: {min: 2, desired",
            "size: {min: -1, desired",
            "should be greater than or equal to 0",
        ),
        ("name: guestbook\n", "name: 12\n", "name: 12 is no text; put it in quotes"),
        (
            "name: guestbook\n",
            "name: My_Book\n",
            "write lower case letters, digits and dashes, beg",
        ),
        ("approval: true", "approval: maybe", "'maybe' is neither true nor false"),
        (
            "name: guestbook\n",
            "name: a\nname: b\n",
            "shop.yaml:4:1: name: this key is here twice, ",
        ),
        (
            "deploy: manual",
            "deploy: manual\n    approval: true",
            "prod.approval: this key is here t",
        ),
        (
            "migrations:\n",
            "migrations: yes\nx:\n",
            "migrations: true is no mapping; write the fields",
        ),
        (
            "region: eu-west-1",
            "region: Ireland",
            "'Ireland' is not allowed here; write a region like",
        ),
    ],
)
def test_mistakes_are_named(tmp_path: Path, old: str, new: str, expected: str) -> None:
    said = broken(tmp_path, old, new)
    assert expected in said
    assert said.startswith("shop.yaml:")


def test_several_mistakes_come_in_the_files_order(tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text(GOOD.replace("owner:", "ovner:").replace("releases: 10", "releases: 0"))
    with pytest.raises(ProjectFileError) as caught:
        load_project(path)
    lines = [line for line in str(caught.value).splitlines() if line.startswith("shop.yaml:")]
    assert len(lines) == 2
    assert "ovner" in lines[0]
    assert "releases" in lines[1]


@pytest.mark.parametrize("text", ["", "[]", "3", "just words", "\t", "a: &a [*a]"])
def test_what_is_no_project_at_all(tmp_path: Path, text: str) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text(text)
    with pytest.raises(ProjectFileError, match=r"shop\.yaml:1:"):
        load_project(path)


def test_a_broken_file_leaves_the_others_alone(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("name: [")
    (tmp_path / "b.yaml").write_text(GOOD)
    (tmp_path / "c.yaml").write_text(GOOD)
    shelf = load_projects(tmp_path)
    assert list(shelf.projects) == ["guestbook"]
    assert list(shelf.errors) == ["a.yaml", "c.yaml"]
    assert "the name 'guestbook' is taken by b.yaml" in str(shelf.errors["c.yaml"])
    with pytest.raises(ProjectFileError, match=r"(?s)a\.yaml:1:8: .*c\.yaml: the name 'guestbook'"):
        shelf.raise_for_errors()


def test_a_yml_is_a_project_file_as_well(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(GOOD)
    (tmp_path / "b.yaml").write_text(GOOD)
    shelf = load_projects(tmp_path)
    assert list(shelf.projects) == ["guestbook"]
    assert "is taken by a.yml" in str(shelf.errors["b.yaml"])


def test_the_committed_schema_is_the_models() -> None:
    assert SCHEMA.read_text() == render(), "run: python -m include.project.schema"
    assert json.loads(render())["additionalProperties"] is False


def test_the_tasks_know_what_is_delivered(tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    more = "branches: [release/*]\n  tags: ['v*']\n  submodules: {'https://h/o/': token}"
    path.write_text(GOOD.replace(URL, f"{URL}\n  {more}"))
    dag = commit_dag(load_project(path))
    checkout, test, deb = map(dag.get_task, ("checkout", "test", "build_deb"))
    assert isinstance(checkout, CheckoutOperator)
    assert isinstance(test, RunPipelineOperator)
    assert isinstance(deb, BuildDebOperator)
    assert (checkout.branches, checkout.tags) == (["release/*"], ["v*"])
    assert test.submodules == deb.submodules == {"https://h/o/": "token"}


@pytest.mark.parametrize("name", ["commits", "housekeeping", "statuses"])
def test_a_project_cannot_take_the_name_of_a_shared_dag(tmp_path: Path, name: str) -> None:
    said = broken(tmp_path, "name: guestbook\n", f"name: {name}\n")
    assert f"{name!r} is the name of a DAG of all projects together" in said
    assert load_projects(tmp_path).projects == {}


def test_every_pattern_can_be_said_in_words() -> None:
    found = re.findall(r'"pattern": (".*?"),?$', SCHEMA.read_text(), re.MULTILINE)
    # URLs, times of day and lengths of time are read by hand; their patterns are for editors.
    checked = {json.loads(one) for one in found if not re.match(r'"\^\((http|\\\\d)|"\^\\\\d', one)}
    assert len(checked) > 10
    assert [one for one in checked if one in in_words(one)] == []
