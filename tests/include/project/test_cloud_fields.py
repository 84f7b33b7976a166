"""Names of AWS's things and of connections, as a project file may and may not write them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from include.iam.__main__ import place_of, roles
from include.project.loader import PROJECTS, load_project
from slipway.exceptions import ProjectFileError

GOOD = yaml.safe_load((PROJECTS / "guestbook.yaml").read_text())


def _written(folder: Path, field: str, value: Any) -> Path:
    """Write a project file with one field of ``dev`` changed.

    :param field: the path to it, with dots.
    """
    given = json.loads(json.dumps(GOOD))
    *path, last = field.split(".")
    at = given["environments"]["dev"] if path[:1] != ["repository"] else given
    if last == "load_balancer":
        del at["target_group"]
    for part in path:
        if not isinstance(at.get(part), dict):
            at[part] = {}
        at = at[part]
    at[last] = value
    if path[:1] == ["repository"]:
        at.update(url="https://git.example.com/shop")
    file = folder / "guestbook.yaml"
    file.write_text(yaml.safe_dump(given))
    return file


LISTS = ("instance.subnets", "instance.security_groups", "soak.alarms")
FIELDS = (
    "target_group",
    "load_balancer",
    "instance.profile",
    "instance.type",
    "aws.connection",
    "database",
    "repository.connection",
    *LISTS,
)


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize(
    "name", ["*", "prod*", "sg-*", "t?", "${aws:username}", "a$b", "a\nb", "a\x00", "a\x7f", ""]
)
def test_a_project_file_writes_no_wildcard_into_a_policy(
    tmp_path: Path, field: str, name: str
) -> None:
    value = [name] if field in LISTS else name
    with pytest.raises(ProjectFileError, match=field.rpartition(".")[2]):
        load_project(_written(tmp_path, field, value))
    with pytest.raises(ProjectFileError):
        place_of("guestbook", "dev", tmp_path)


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("target_group", "-shop"),
        ("target_group", "shop-"),
        ("target_group", "a" * 33),
        ("target_group", "shop/prod"),
        ("load_balancer", "shop.dev"),
        ("instance.profile", "path/shop"),
        ("instance.profile", "a" * 129),
        ("instance.profile", "shop app"),
        ("instance.type", "t3"),
        ("database", "a b"),
    ],
)
def test_what_aws_and_airflow_do_not_take_is_refused_before_they_are_asked(
    tmp_path: Path, field: str, name: str
) -> None:
    with pytest.raises(ProjectFileError, match=r"is not allowed here|at most"):
        load_project(_written(tmp_path, field, name))


@pytest.mark.parametrize(
    ("field", "names"),
    [
        ("target_group", ("a", "Shop-Dev-1", "a" * 32)),
        ("load_balancer", ("shop",)),
        ("instance.profile", ("a+b=c,d.e@f-g_h",)),
        ("instance.type", ("t3.micro", "m7i-flex.large", "u-6tb1.112xlarge", "mac2-m2.metal")),
        ("instance.subnets", (["subnet-0a1b"], ["Private subnet (b) / 2", "Netz für A"])),
        ("instance.security_groups", (["sg-0a1b", "web [blue] & co"],)),
        ("aws.connection", ("aws_default", "team/prod.eu-1", "a#b(c)!")),
        ("soak.alarms", (["5xx > 1 %", "TargetTracking-shop-AlarmHigh-0a1b"],)),
    ],
)
def test_names_that_people_use_are_taken(
    tmp_path: Path, field: str, names: tuple[Any, ...]
) -> None:
    for name in names:
        load_project(_written(tmp_path, field, name))


def test_a_name_of_each_kind_stands_in_the_policies_as_it_is_written(tmp_path: Path) -> None:
    _written(tmp_path, "instance.profile", "shop-dev-app")
    place = place_of("guestbook", "dev", tmp_path, security_groups={"slipway-app": "sg-0"})
    passed = [
        one for role in roles(place) for one in role.statements if "iam:PassRole" in one.actions
    ]
    assert [one.resources for one in passed] == [("arn:aws:iam::*:role/shop-dev-app",)]
