"""Packer, stood in for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from slipway.hooks.tools.awaited import Finder
from slipway.hooks.tools.packer import Bake
from tests.slipway.fleet.moto_cloud import client


@dataclass
class FakePacker:
    """Makes an image as a bake does: unique names, tags last.

    :param up: what somebody else does when the builder is up, and may wait for what to install.
    :param meanwhile: what somebody else does while the builder is there.
    """

    baked: list[Bake] = field(default_factory=list)
    up: Callable[[Bake], None] = lambda _: None
    meanwhile: Callable[[Bake], None] = lambda _: None

    def __call__(self, plan: Bake, *, find: Finder | None = None, **_: Any) -> str:
        names = [one["Name"] for one in client("ec2").describe_images(Owners=["self"])["Images"]]
        assert plan.image_name not in names, "AWS refuses a second image of a name"
        self.up(plan)
        if find is not None:
            plan = replace(plan, variables=find(threading.Event()))
        made = image(plan.image_name, {**plan.tags, **plan.marks})
        self.baked.append(plan)
        self.meanwhile(plan)
        return made

    @property
    def layers(self) -> list[str]:
        return [plan.tags["slipway:layer"] for plan in self.baked]


def image(name: str, tags: dict[str, str]) -> str:
    ec2 = client("ec2")
    made = ec2.register_image(Name=name, Architecture="x86_64")["ImageId"]
    pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
    ec2.create_tags(Resources=[made], Tags=pairs)
    return str(made)
