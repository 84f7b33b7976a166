"""Asking a failed machine why, keeping it and ending it: the environment's own, and no other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from include.iam.deploy_role import deploy_role
from slipway.fleet.goals import Goal
from slipway.fleet.swap import Swap
from slipway.hooks.explain.explainer import CloudExplainer
from slipway.model.cloud.tags import FAILED
from tests.fakes.prober import FakeProber
from tests.include.iam.evaluator import Request, allowed
from tests.include.iam.requests import EC2, REGION, context
from tests.include.iam.rights.recorder import account, recording
from tests.include.iam.rights.roles import PLACE
from tests.slipway.fleet import moto_cloud
from tests.slipway.fleet.moto_cloud import TAGS, client, described, fleet
from tests.slipway.fleet.worlds import make_image, make_target

__all__ = ["account"]

POLICIES = deploy_role(PLACE).policies().values()
OTHER = {**TAGS, "slipway:environment": "prod"}


def _swap(now: float = 1000.0) -> Swap:
    return Swap(
        cloud=fleet(),
        prober=FakeProber(),
        target=make_target(security_groups=("app",), keep_failed=60.0),
        image=replace(make_image("1"), image_id=moto_cloud.image()),
        log=lambda _: None,
        sleep=lambda _: None,
        clock=lambda: now,
    )


@pytest.mark.usefixtures("account")
def test_all_of_it_gets_by_with_the_role() -> None:
    _swap().converge(Goal.LAUNCHED, timeout=100)
    machine = described("shop-dev-1")["Instances"][0]["InstanceId"]
    explainer = CloudExplainer(ssm=client("ssm"), ec2=client("ec2"), sleep=lambda _: None)
    with recording() as recorded:
        explainer.explain(machine, "10.0.0.5", until=explainer.clock() + 3)
        _swap().converge(Goal.ROLLED_BACK, timeout=100)
        _swap(now=2000.0).converge(Goal.STANDBYS_RETIRED, timeout=100)
    assert [one for one in recorded if not allowed(POLICIES, one)] == []
    assert {
        "ssm:SendCommand",
        "ssm:GetCommandInvocation",
        "ec2:GetConsoleOutput",
        "ec2:CreateTags",
        "autoscaling:DetachInstances",
        "ec2:TerminateInstances",
    } <= {one.action for one in recorded}
    other = deploy_role(replace(PLACE, environment="prod", neighbours=())).policies().values()
    bound = [one for one in recorded if "instance/" in one.resource]
    assert bound
    assert [one for one in bound if allowed(other, one)] == []


def _on(action: str, **tags: Any) -> bool:
    has = context(has=tags)
    asked = Request(action=action, resource=f"{EC2}:instance/i-0", context=has)
    return allowed(POLICIES, asked)


def test_nobody_elses_machine_is_asked_or_ended() -> None:
    for action in ("ssm:SendCommand", "ec2:GetConsoleOutput", "ec2:TerminateInstances"):
        assert _on(action, **TAGS, **{FAILED: "1"})
        assert not _on(action, **OTHER, **{FAILED: "1"})
        assert not _on(action)


def test_a_machine_that_serves_is_not_ended() -> None:
    assert not _on("ec2:TerminateInstances", **TAGS)


def test_nothing_but_a_shell_script_is_run_and_not_on_what_has_no_tags() -> None:
    for resource in (
        f"arn:aws:ssm:{REGION}::document/AWS-ConfigureAWSPackage",
        f"arn:aws:ssm:{REGION}:123456789012:document/mine",
        f"arn:aws:ssm:{REGION}:123456789012:managed-instance/mi-0",
    ):
        asked = Request(action="ssm:SendCommand", resource=resource, context=context())
        assert not allowed(POLICIES, asked)
