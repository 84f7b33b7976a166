"""What a new server group is launched from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Launch:
    """Everything that a new server group is made from; names are resolved to ids in the cloud.

    :param name: of the group, and of its launch template.
    :param image_id: the AMI's id.
    :param instance_type: EC2's word for the kind of machine.
    :param subnets: their ids.
    :param security_groups: their ids.
    :param profile: the instance profile; None for none.
    :param user_data: base64, as EC2 wants it.
    :param tags: of the group, its template, its machines and their volumes.
    :param size: min, desired and max.
    :param like: name of the live group, whose tags, hooks and other settings are taken over.
    :param drop: what of it is not, by the names of :mod:`slipway.hooks.fleet.inheritance.table`.
    """

    name: str
    image_id: str
    instance_type: str
    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]
    profile: str | None
    user_data: str
    tags: Mapping[str, str]
    size: tuple[int, int, int]
    like: str | None = None
    drop: frozenset[str] = frozenset()
