"""Rights on machines of a failed release: to ask them why, and to end one that was kept."""

from __future__ import annotations

from include.iam.policy_document import Condition, Place, Statement, carries, every
from slipway.model.cloud.tags import FAILED


def failed_machines(place: Place) -> tuple[Statement, ...]:
    """Return the statements.

    What Systems Manager runs there is root's. That is nothing new: whoever has this role says what
    the environment's machines run from their first boot on.

    :param place: the environment whose machines they are about.
    """
    machines, own = (f"{place.ec2}:instance/*",), carries(place.tags)
    kept: Condition = {"Null": {f"aws:ResourceTag/{FAILED}": "false"}}
    return (
        Statement(
            sid="AskOwnMachines",
            actions=("ssm:SendCommand",),
            resources=machines,
            conditions=own,
        ),
        Statement(
            sid="AskByThisDocument",
            actions=("ssm:SendCommand",),
            resources=(f"arn:aws:ssm:{place.region}::document/AWS-RunShellScript",),
        ),
        Statement(
            sid="ReadOwnConsoles",
            actions=("ec2:GetConsoleOutput",),
            resources=machines,
            conditions=own,
        ),
        Statement(
            sid="EndKeptMachines",
            actions=("ec2:TerminateInstances",),
            resources=machines,
            conditions=every(own, kept),
        ),
    )
