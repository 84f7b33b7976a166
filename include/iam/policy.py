"""What a role may do, and the IAM policy document that says so."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# Characters without white space that AWS takes in a managed policy.
LIMIT = 6144


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """The environment that a role is for.

    :param profiles: instance profiles, each of which holds a role of the same name.
    """

    project: str
    environment: str
    region: str
    profiles: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """Actions that are allowed on the same things, under the same conditions.

    :param actions: as IAM writes them, ``ec2:RunInstances``.
    :param resources: ARNs.
    :param reason: why it is there although no module of the role calls it; empty where one does.
    """

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...] = ("*",)
    conditions: Mapping[str, Mapping[str, Any]] | None = None
    reason: str = ""

    def document(self) -> dict[str, Any]:
        """Return the statement as IAM reads it."""
        resources = list(self.resources)
        return {
            "Sid": self.sid,
            "Effect": "Allow",
            "Action": sorted(self.actions),
            "Resource": resources if len(resources) > 1 else resources[0],
            **({"Condition": self.conditions} if self.conditions else {}),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Role:
    """Somebody who calls AWS.

    :param modules: files whose calls it makes, relative to the repository.
    """

    name: str
    modules: tuple[str, ...]
    statements: tuple[Statement, ...]

    @property
    def allowed(self) -> frozenset[str]:
        """Return every action that it may do."""
        return frozenset(action for one in self.statements for action in one.actions)

    @property
    def explained(self) -> frozenset[str]:
        """Return the actions that no module calls, and that have a reason instead."""
        return frozenset(a for one in self.statements if one.reason for a in one.actions)

    def render(self) -> str:
        """Return the policy document as JSON."""
        statements = [one.document() for one in self.statements if one.resources]
        return json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=2) + "\n"
