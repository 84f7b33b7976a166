"""What the machines of a release are launched from, besides the release itself."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from slipway.model.fact import Fact
from slipway.model.facts.release import Release
from slipway.model.target import DeployTarget

# What a person calls each of them.
_WORDS = {
    "instance_type": "instance type",
    "subnets": "subnets",
    "security_groups": "security groups",
    "profile": "instance profile",
    "drop": "drop",
    "min_size": "size.min",
    "desired_size": "size.desired",
    "max_size": "size.max",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class LaunchSettings(Fact):
    """Settings of a project file that machines get by a launch, as :class:`DeployTarget` has them.

    :param instance_type: EC2's word for the kind of machine.
    :param subnets: ids, or values of the Name tag.
    :param security_groups: ids, or names.
    :param min_size: of a group's machines, as the next two.
    :param desired_size: of a group's machines.
    :param max_size: of a group's machines.
    :param profile: instance profile, the application's role.
    :param drop: what a new group does not get of the live one.
    """

    instance_type: str
    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]
    min_size: int
    desired_size: int
    max_size: int
    profile: str | None = None
    drop: tuple[str, ...] = ()

    @classmethod
    def of(cls, target: DeployTarget) -> Self:
        """Return those of an environment.

        :param target: the environment.
        """
        return cls(**{name: getattr(target, name) for name in _WORDS})

    @property
    def size(self) -> tuple[int, int, int]:
        """Min, desired and max."""
        return self.min_size, self.desired_size, self.max_size

    def sized_as(self, other: LaunchSettings) -> Self:
        """Return them with the sizes of others.

        :param other: the settings that have those.
        """
        low, desired, high = other.size
        return dataclasses.replace(self, min_size=low, desired_size=desired, max_size=high)

    def to(self, target: DeployTarget) -> DeployTarget:
        """Return an environment with these settings in place of today's.

        :param target: the environment.
        """
        changed: dict[str, Any] = {name: getattr(self, name) for name in _WORDS}
        return dataclasses.replace(target, **changed)

    def changes(self, now: LaunchSettings) -> Iterator[str]:
        """Yield a line for each setting that is another one now.

        :param now: the settings that come.
        """
        for name, word in _WORDS.items():
            old, new = _said(getattr(self, name)), _said(getattr(now, name))
            if old != new:
                yield f"{word}: {old} -> {new}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Launched(Fact):
    """What an edition of a release is launched from on one environment.

    :param release: project and sha, and the edition's name as its version.
    :param environment: its name.
    :param settings: that its machines get by the launch.
    :param image_id: its machine image; empty while there is none.
    :param made_of: of an edition that was chosen: what its image is made of, by digests.
    :param source: what its base layer starts from, likewise.
    :param replaces: the edition that served when it was chosen.
    :param brings: what is otherwise than in that one, a line each.
    :param proven: it has served, so it is something to go back to.
    """

    release: Release
    environment: str
    settings: LaunchSettings
    image_id: str = ""
    made_of: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    replaces: str = ""
    brings: tuple[str, ...] = ()
    proven: bool = False


def mark_of(settings: LaunchSettings, made_of: Mapping[str, str]) -> str:
    """Return the few characters that stand for what an edition is launched from.

    :param settings: that its machines get by the launch.
    :param made_of: what its image is made of.
    """
    told = json.dumps([settings.to_json(), dict(made_of)], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:8]


def _said(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)
