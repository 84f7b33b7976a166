"""What a plan is made from: how a fleet stands, and what is wanted of it."""

from __future__ import annotations

from dataclasses import dataclass

from slipway.fleet.goals import Goal
from slipway.model.facts import Release
from slipway.model.fleet import Fleet, ServerGroup
from slipway.model.target import DeployTarget


@dataclass(frozen=True, kw_only=True, slots=True)
class Situation:
    """One environment at one moment, with a release on its way into it.

    :param fleet: as observed, or imagined.
    :param goal: how far the environment should come.
    :param target: what the environment wants.
    :param version: the release that the goal is about.
    :param machine_image: the id of its machine image.
    :param now: seconds since 1970.
    :param ill: the ids of the release's ill machines; None where nobody has looked.
    """

    fleet: Fleet
    goal: Goal
    target: DeployTarget
    version: str
    machine_image: str
    now: int
    ill: tuple[str, ...] | None = None

    @property
    def name(self) -> str:
        """The release's server group, whether it is there or not."""
        return group_name(self.target, self.version)

    @property
    def new(self) -> ServerGroup | None:
        """The release's server group, if it is there."""
        return self.fleet.of(self.version)

    @property
    def others(self) -> tuple[ServerGroup, ...]:
        """The groups of all other releases, and those that Slipway did not make."""
        return self.fleet.others(self.version)

    @property
    def serving(self) -> tuple[ServerGroup, ...]:
        """Those of the others that the balancer knows."""
        return tuple(group for group in self.others if group.attached)

    @property
    def standbys(self) -> tuple[ServerGroup, ...]:
        """Those of the others that are kept warm and have served alone, the newest first.

        Others may be out of traffic for being bad.
        """
        good = [one for one in self.others if one.complete and one.standby_until and one.live_since]
        return tuple(sorted(good, key=lambda one: -(one.standby_until or 0)))

    @property
    def previous(self) -> ServerGroup | None:
        """The group that serves beside the release, or did last and is still warm."""
        return next(iter((*self.serving, *self.standbys)), None)


def group_name(target: DeployTarget, version: str) -> str:
    """Name the server group of a release, and its launch template.

    :param target: the environment.
    :param version: the release.
    """
    release = Release(project=target.project, sha="", version=version)
    return f"{target.project}-{target.environment}-{release.slug}"
