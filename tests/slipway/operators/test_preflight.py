"""Each thing that a deployment needs, missing or wrong: found before anything is changed.

Each of them is found by the dry run, by the task ``preflight``, and by ``migrate`` at the last
moment, under the same words; goose is called by none of them.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

import pytest

from slipway.operators import migrations
from tests.slipway.fleet.moto_cloud import client
from tests.slipway.operators.preflight import deployments
from tests.slipway.operators.preflight.cases import CASES
from tests.slipway.operators.preflight.deployments import SEEN, Way, refusal_of

if TYPE_CHECKING:
    from slipway.model.cloud.preflight_facts import DatabaseSeen
    from tests.slipway.operators.preflight.world import Answers

answers = deployments.answers

DOCS = Path(__file__).parents[3] / "docs" / "preflight.md"
DATABASE: dict[str, tuple[DatabaseSeen, str]] = {
    "connection": (
        replace(SEEN, trouble="has no such connection in Airflow"),
        "database of connection 'shop_dev' has no such connection in Airflow",
    ),
    "password": (
        replace(SEEN, trouble="lets nobody in: FATAL: password authentication failed"),
        "database of connection 'shop_dev' lets nobody in: FATAL: password",
    ),
    "right to make tables": (
        replace(SEEN, may_create=False),
        "does not let the role 'shop' make anything in schema public",
    ),
    "replica": (replace(SEEN, read_only=True), "can only be read"),
    "goose's table": (replace(SEEN, ledger=False), "write goose's own table"),
    "somebody else's table": (
        replace(SEEN, foreign=(("orders", "postgres"),)),
        "table 'orders' of connection 'shop_dev' belongs to 'postgres'",
    ),
}


def _pattern(words: str) -> str:
    return ".*".join(re.escape(part) for part in words.split("..."))


@pytest.mark.parametrize("name", CASES)
def test_what_is_missing_or_wrong_is_found_before_anything_is_changed(
    answers: Answers, name: str
) -> None:
    breaks, words = CASES[name]
    way = Way(answers)
    breaks(way)
    before = len(answers.made)
    with mock.patch.object(migrations, "Goose", autospec=True) as made:
        # What only the package shows is found before there is an image.
        looks = (way.dry_run, way.check, *([way.migrate] if way.image is not None else []))
        for look in looks:
            said = refusal_of(look)
            assert re.search(_pattern(words), said), said
            assert said.count("\n  1. ") == 1
            assert "\n  2. " not in said
    made.assert_not_called()
    wrote = ("Create", "Put", "Update", "Attach", "Delete", "Run")
    changes = [call for call in answers.made[before:] if call.startswith(wrote)]
    assert set(changes) <= {"CreateLaunchTemplate", "RunInstances"}  # of which nothing was made
    groups = client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    assert [one["AutoScalingGroupName"] for one in groups] == ["shop-dev-1"]
    templates = client("ec2").describe_launch_templates()["LaunchTemplates"]
    assert [one["LaunchTemplateName"] for one in templates] == ["shop-dev-1"]


@pytest.mark.parametrize("name", DATABASE)
def test_what_the_database_lacks_is_found_before_anything_is_changed(
    answers: Answers, name: str
) -> None:
    seen, words = DATABASE[name]
    way = Way(answers, database=seen)
    with mock.patch.object(migrations, "Goose", autospec=True) as made:
        for look in (way.dry_run, way.check):
            assert words in refusal_of(look)
    made.assert_not_called()


# What the documentation says is looked at -> the cases of it.
KINDS: dict[str, tuple[str, ...]] = {
    "target group or classic load balancer": (
        "target group",
        "classic balancer",
        "target group of another project",
        "listener",
        "kind of targets",
    ),
    "subnets": (
        "subnet",
        "subnet by id",
        "subnet of another network",
        "zone that the balancer does not serve",
        "free addresses",
    ),
    "security groups": ("security group", "security group of another network"),
    "machine image": (
        "image gone",
        "image not available",
        "image of another architecture",
        "package of another architecture",
    ),
    "instance type": ("instance type", "instance type in these zones"),
    "instance profile": ("instance profile", "profile without a role", "role of another service"),
    "what passes on from the serving group": (
        "key pair",
        "whom a hook tells",
        "whom a hook tells, with its nearest",
        "topic of notifications",
        "placement group",
        "snapshot of a volume",
        "capacity reservation",
        "type of a mix",
        "further target group",
        "further classic balancer",
    ),
    "quotas": ("vCPUs", "server groups", "launch templates"),
    "rights": ("right to make templates", "right to launch"),
    "parameters": ("parameter", "parameter that is no variable", "parameter that is there twice"),
    "KMS keys of parameters, of the image's disks, and of volumes that pass on": (
        "KMS key",
        "KMS key of the image",
        "KMS key of an inherited volume",
        "KMS key of an inherited volume that is disabled",
    ),
    "alarms of `soak`": ("alarm",),
    "database, where there are migrations": tuple(DATABASE),
}
# Looked at before a bake alone, and so tested beside the table.
BESIDE = {"apt repository, where an image is baked"}


def test_every_kind_of_thing_that_a_deployment_needs_is_among_them() -> None:
    cases = [name for names in KINDS.values() for name in names]
    assert sorted(cases) == sorted([*CASES, *DATABASE])
    assert len(cases) == 50
    text = DOCS.read_text(encoding="utf-8").partition("| looked at |")[2].partition("\n\n")[0]
    rows = [line.split("|")[1].strip() for line in text.splitlines()[2:]]
    assert set(rows) == KINDS.keys() | BESIDE


def test_nothing_is_found_where_everything_is_there(answers: Answers) -> None:
    way = Way(answers)
    way.dry_run()
    way.check()
    with mock.patch.object(migrations, "Goose", autospec=True):
        looks = way.preflight()
        looks.require_open(looks.image.look.return_value[0], print)
