"""The table of what passes on is complete, true to the code, and what the documentation says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import botocore.session
import pytest

from slipway.hooks.fleet import live_machines
from slipway.hooks.fleet.inheritance.part import Passes
from slipway.hooks.fleet.inheritance.table import DROPPABLE, IDENTITY, TABLE
from slipway.hooks.fleet.inherited_machines import _COPIED, OF_THE_TYPE
from slipway.hooks.fleet.lifecycle_hooks import HOOK
from slipway.hooks.fleet.new_group import _HABITS
from slipway.hooks.fleet.scaling_rules import _ALARM, _POLICY, _SCHEDULE
from tests.slipway.hooks.fleet.inheritance.table.shapes import shape_of

DOCS = Path(__file__).parents[5] / "docs" / "fleets.md"


def asked_of(service: str, operation: str) -> set[str]:
    model = botocore.session.get_session().get_service_model(service)
    shape: Any = model.operation_model(operation).input_shape
    return set(shape.members)


def test_everything_that_aws_says_of_a_group_is_decided() -> None:
    decided = [*IDENTITY, *(field for part in TABLE for field in part.group)]
    assert sorted(decided) == sorted(shape_of("autoscaling", "AutoScalingGroup").members)


def test_everything_that_aws_says_of_a_launch_template_is_decided() -> None:
    decided = {field for part in TABLE for field in part.template}
    assert decided == set(shape_of("ec2", "ResponseLaunchTemplateData").members)


def test_everything_that_aws_says_of_a_launch_configuration_is_read() -> None:
    own = {
        "SecurityGroups",
        "RamdiskId",
        "IamInstanceProfile",
        "InstanceMonitoring",
        "SpotPrice",
        "AssociatePublicIpAddress",
        "PlacementTenancy",
    }
    read = {*live_machines.SAME, *live_machines.WITHOUT_MEANING, *own}
    assert read == set(shape_of("autoscaling", "LaunchConfiguration").members)


@pytest.mark.parametrize(
    ("fields", "operation", "given"),
    [
        (_POLICY, "PutScalingPolicy", {"AutoScalingGroupName"}),
        (_SCHEDULE, "PutScheduledUpdateGroupAction", {"AutoScalingGroupName", "Time", "StartTime"}),
        (HOOK, "PutLifecycleHook", {"AutoScalingGroupName"}),
    ],
)
def test_every_kind_of_rule_is_copied_whole(
    fields: tuple[str, ...], operation: str, given: set[str]
) -> None:
    assert {*fields, *given} == asked_of("autoscaling", operation)


def test_alarms_are_copied_whole() -> None:
    given = {"AlarmName", "AlarmActions", "Tags"}
    assert {*_ALARM, *given} == asked_of("cloudwatch", "PutMetricAlarm")


def test_what_the_table_says_is_what_the_code_does() -> None:
    by_name = {part.name: part for part in TABLE}
    for field, name in _COPIED.items():
        assert field in by_name[name].template
        assert by_name[name].passes is Passes.MACHINES
    assert set(OF_THE_TYPE) == set(by_name["type_options"].template)
    for field, name in _HABITS.items():
        assert field in by_name[name].group
    settable = asked_of("autoscaling", "CreateAutoScalingGroup")
    kept = {f for part in TABLE if part.passes is Passes.GROUP for f in part.group}
    assert kept <= settable
    assert len(by_name) == len(TABLE)


def test_the_documentation_has_the_table() -> None:
    rows = [
        f"| `{part.name}` | {part.what} | {part.passes} | {part.how} |".replace("|  |", "| |")
        for part in TABLE
    ]
    text = DOCS.read_text(encoding="utf-8")
    begin = text.index("| name | what |")
    found = text[begin:].split("\n\n")[0].splitlines()[2:]
    assert found == rows


def test_everything_but_the_release_and_what_is_lost_can_be_dropped() -> None:
    kept = (Passes.PROJECT, Passes.LOST)
    assert set(DROPPABLE) == {part.name for part in TABLE if part.passes not in kept}
