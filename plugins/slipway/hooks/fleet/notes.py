"""An environment's fleet in the cloud: who asks, whose turn it is, and the notes on its groups."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from typing import Any, Self

from botocore.exceptions import ClientError

from slipway.hooks.aws.errors import retry_transient
from slipway.hooks.aws.load_balancers import Balancer, classic_balancer, target_group
from slipway.hooks.fleet.close_look import left
from slipway.hooks.fleet.describe import machine_ids
from slipway.hooks.fleet.fence import Fence, fenced
from slipway.hooks.fleet.group_tags import note
from slipway.hooks.fleet.lease import FleetLease
from slipway.hooks.fleet.missing_group import is_gone, unless_gone
from slipway.model.cloud.tags import ENVIRONMENT, LEFT, LIVE, PROJECT, STANDBY
from slipway.model.text.nearest import Owner

# Of a note: there is no room for it, and there will be none.
_NO_ROOM = ("LimitExceeded", "ValidationError")


class FleetNotes:
    """One environment's fleet, as far as its groups are noted on.

    :param client: gives the boto3 client of a service by its name; asked for what is needed only.
    :param project: the project's name.
    :param environment: the environment's name.
    :param target_group: name of the environment's target group, or
    :param load_balancer: name of its classic load balancer.
    """

    def __init__(
        self,
        client: Any,
        *,
        project: str,
        environment: str,
        target_group: str | None = None,
        load_balancer: str | None = None,
    ) -> None:
        self._client = client
        self._tags = {PROJECT: project, ENVIRONMENT: environment}
        self._target_group = target_group
        self._load_balancer = load_balancer
        self._found: Balancer | None = None
        self._fence: Callable[[], None] = _unguarded

    def with_fence(self, fence: Callable[[], None]) -> Self:
        """Return the same fleet, with a question before each change, and before each try of it.

        :param fence: raises when it is somebody else's turn.
        """
        other, client, asking = copy(self), self._client, Fence(fence)
        other._fence = asking
        other._client = lambda service: fenced(client(service), asking)
        other._found = None  # the balancer has clients of its own
        return other

    def lease(self, *, owner: str, is_dead: Callable[[str], bool]) -> FleetLease:
        """Return the lease on the environment, which :meth:`guarded` asks before each change.

        :param owner: who wants to change something.
        :param is_dead: says whether another owner is proven dead.
        """
        project, environment = self._tags[PROJECT], self._tags[ENVIRONMENT]
        return FleetLease(
            self._client, project=project, environment=environment, owner=owner, is_dead=is_dead
        )

    def _changing(self, service: str) -> Any:
        """Return a client for one change, if it is still our turn."""
        self._fence()
        return self._client(service)

    @property
    def _autoscaling(self) -> Any:
        return self._client("autoscaling")

    @property
    def _ec2(self) -> Any:
        return self._client("ec2")

    @property
    def _balancer(self) -> Balancer:
        if self._found is None:
            owner = Owner(project=self._tags[PROJECT], environment=self._tags[ENVIRONMENT])
            self._found = (
                target_group(self._client, self._target_group, owner)
                if self._target_group
                else classic_balancer(self._client, self._load_balancer or "", owner)
            )
        return self._found

    @retry_transient
    @unless_gone
    def mark_standby(self, group: str, until: int | None) -> None:
        """Note on a group until when it is kept warm; None takes the note off.

        Its machines are told as well, and first: work that does not come through the balancer,
        as from a queue, is theirs to leave to the others while they find the note.
        """
        live = self._described(group)
        machines = machine_ids([live]) if live else []
        if machines and until is None:
            self._changing("ec2").delete_tags(Resources=machines, Tags=[{"Key": STANDBY}])
        elif machines:
            tag = {"Key": STANDBY, "Value": str(until)}
            self._changing("ec2").create_tags(Resources=machines, Tags=[tag])
        self._note(group, STANDBY, None if until is None else str(until), inherited=True)

    @retry_transient
    @unless_gone
    def mark_live(self, group: str, since: int) -> None:
        """Note on a group since when it serves alone."""
        self._note(group, LIVE, str(since))

    def _described(self, group: str) -> Mapping[str, Any] | None:
        answer = self._autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[group])
        found: list[Mapping[str, Any]] = answer["AutoScalingGroups"]
        return next(iter(found), None)

    def _note(self, group: str, key: str, value: str | None, *, inherited: bool = False) -> None:
        if value is None:
            self._changing("autoscaling").delete_tags(Tags=[note(group, key)])
        else:
            tag = note(group, key, value, inherited=inherited)
            self._changing("autoscaling").create_or_update_tags(Tags=[tag])

    def _note_left(self, group: str) -> None:
        """Note what is on a group; one that has as many tags as it may have goes without."""
        try:
            if notes := self._left(group):
                self._changing("autoscaling").create_or_update_tags(Tags=notes)
        except ClientError as error:
            if is_gone(error) or error.response["Error"]["Code"] not in _NO_ROOM:
                raise

    def _left(self, group: str) -> list[dict[str, Any]]:
        """Note what is on a group besides our own, as we leave it."""
        found = self._described(group)
        return [note(group, LEFT, left(found, self._balancer.key).to_tag())] if found else []


def _unguarded() -> None:
    """Nobody takes turns."""
