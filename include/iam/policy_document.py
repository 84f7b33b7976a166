"""What a role may do, and the IAM policy document that says so."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from itertools import count
from typing import Any

from slipway.model.cloud.tags import ENVIRONMENT, PROJECT

# Characters without white space that AWS takes in a managed policy.
LIMIT = 6144
# Tags by which a thing is somebody's: those that people write, and those of services and tools.
# IAM knows of no condition "has no tags at all", and does not care for capitals in a key.
CLAIMS = (
    "Name",
    "app",
    "application",
    "backup",
    "component",
    "cost-center",
    "costcenter",
    "createdby",
    "department",
    "env",
    "environment",
    "managed-by",
    "managedby",
    "owner",
    "product",
    "project",
    "purpose",
    "retention",
    "role",
    "service",
    "stack",
    "stage",
    "team",
    "terraform",
    "aws:backup:source-resource",
    "aws:cloudformation:stack-name",
    "aws:dlm:lifecycle-policy-id",
    "aws:servicecatalog:provisionedProductArn",
    "dlm:managed",
    "ebs.csi.aws.com/cluster",
    "Ec2ImageBuilderArn",
)
# IAM reads * and ? as any text, and a dollar sign may begin a variable.
_WILD = re.compile(r"[*?$\x00-\x1f\x7f-\x9f]")


Condition = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """The environment that a role is for.

    :param project: the project's name.
    :param environment: the environment's name.
    :param region: AWS region.
    :param profiles: instance profiles, each of which holds a role of the same name.
    :param target_groups: names of those that its groups may hang on.
    :param load_balancers: names of the classic ones.
    :param subnets: ids, or values of the Name tag.
    :param security_groups: ids; IAM does not know their names.
    :param neighbours: other environments' names whose joined form begins like this one's.
    :param installation: whose images are taken away, as their tag says; anybody's when empty.
    :param source_owner: whose image the base layer is made of, an account's id or ``self``.
    :param encrypted: images are encrypted, which Packer does by a copy.
    :param tag_keys: further tags by which things in the account are somebody's.
    :param also: ARNs of what the live fleet hangs on or is made from besides.
    :raises ValueError: for a name that would mean more than itself in a policy.
    """

    project: str
    environment: str
    region: str
    profiles: tuple[str, ...] = ()
    target_groups: tuple[str, ...] = ()
    load_balancers: tuple[str, ...] = ()
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    neighbours: tuple[str, ...] = ()
    installation: str = ""
    source_owner: str = "136693071363"
    encrypted: bool = True
    tag_keys: tuple[str, ...] = ()
    also: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Look at every name."""
        for one in fields(self):
            value = getattr(self, one.name)
            literal(*(value if isinstance(value, tuple) else (str(value),)))

    @property
    def ec2(self) -> str:
        """Return how the ARNs of EC2's things begin."""
        return f"arn:aws:ec2:{self.region}:*"

    @property
    def tags(self) -> dict[str, str]:
        """Return the tags of everything that is the environment's alone."""
        return {PROJECT: self.project, ENVIRONMENT: self.environment}


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """Actions that are allowed on the same things, under the same conditions.

    :param sid: its name within the policy.
    :param actions: as IAM writes them, ``ec2:RunInstances``.
    :param resources: ARNs.
    :param conditions: under which; None for none.
    :param reason: why it is there although no module of the role calls it; empty where one does.
    :param denied: what other statements allow is taken back.
    """

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...] = ("*",)
    conditions: Condition | None = None
    reason: str = ""
    denied: bool = False

    def document(self) -> dict[str, Any]:
        """Return the statement as IAM reads it."""
        resources = list(self.resources)
        return {
            "Sid": self.sid,
            "Effect": "Deny" if self.denied else "Allow",
            "Action": sorted(self.actions),
            "Resource": resources if len(resources) > 1 else resources[0],
            **({"Condition": self.conditions} if self.conditions else {}),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Role:
    """Somebody who calls AWS.

    :param name: the role's.
    :param modules: files whose calls it makes, relative to the repository.
    :param statements: what it may do.
    """

    name: str
    modules: tuple[str, ...]
    statements: tuple[Statement, ...]

    @property
    def allowed(self) -> frozenset[str]:
        """Return every action that it may do."""
        allowing = (one for one in self.statements if not one.denied)
        return frozenset(action for one in allowing for action in one.actions)

    @property
    def explained(self) -> frozenset[str]:
        """Return the actions that no module calls, and that have a reason instead."""
        return frozenset(a for one in self.statements if one.reason for a in one.actions)

    def policies(self) -> dict[str, dict[str, Any]]:
        """Return its policy documents by name, as many as it takes; they are for one role.

        A managed policy has a limit, and a role takes ten of them.
        """
        parts: list[list[dict[str, Any]]] = [[]]
        for one in (one.document() for one in self.statements if one.resources):
            if _size(_policy([*parts[-1], one])) > LIMIT:
                parts.append([])
            parts[-1].append(one)
        names = (self.name if n == 1 else f"{self.name}-{n}" for n in count(1))
        return dict(zip(names, map(_policy, parts), strict=False))


def render(policy: Mapping[str, Any]) -> str:
    """Return a policy document as JSON."""
    return json.dumps(policy, indent=2) + "\n"


def _policy(statements: list[dict[str, Any]]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": statements}


def _size(policy: Mapping[str, Any]) -> int:
    return len(json.dumps(policy, separators=(",", ":")))


def literal(*names: str) -> None:
    """Refuse names that mean more than themselves in a policy.

    :raises ValueError: for one with a wildcard, a dollar sign or a control character.
    """
    for name in names:
        if _WILD.search(name):
            msg = f"{name!r} cannot stand in a policy: *, ? and $ would mean more than themselves"
            raise ValueError(msg)


def every(*conditions: Condition) -> Condition:
    """Return a condition that holds where all of these do."""
    merged: dict[str, dict[str, Any]] = {}
    for one in conditions:
        for operator, keys in one.items():
            merged.setdefault(operator, {}).update(keys)
    return merged


def asked(tags: Mapping[str, str]) -> Condition:
    """Return the condition that a request gives these tags."""
    return {"StringEquals": {f"aws:RequestTag/{key}": value for key, value in tags.items()}}


def no_others(tags: Mapping[str, str]) -> Condition:
    """Return the condition that a request gives these tags no other values."""
    return {"StringEqualsIfExists": {f"aws:RequestTag/{key}": tags[key] for key in tags}}


def carries(tags: Mapping[str, str]) -> Condition:
    """Return the condition that a thing carries these tags."""
    return {"StringEquals": {f"aws:ResourceTag/{key}": value for key, value in tags.items()}}


def lacks(*keys: str) -> Condition:
    """Return the condition that there is none of these keys, as of a tag."""
    return {"Null": dict.fromkeys(keys, "true")}


def only(key: str, values: Iterable[str], *, like: str = "StringEquals") -> Condition:
    """Return the condition that a list names some of these values, and no others.

    A list that is empty, or not there, is no such list.

    :param key: of several values.
    :param values: that the list may name.
    :param like: how they are compared.
    """
    return {f"ForAllValues:{like}": {key: list(values)}, "Null": {key: "false"}}


def untagged(*keys: str) -> Condition:
    """Return the condition that a thing carries none of these tags."""
    return lacks(*(f"aws:ResourceTag/{key}" for key in keys))


def unclaimed(place: Place) -> Condition:
    """Return the condition that a thing carries no tag by which it is known to be somebody's.

    One with other tags alone passes: name their keys in the place.
    """
    return untagged(PROJECT, *CLAIMS, *place.tag_keys)
