"""What a deployment is made of and leaves: an image, a schema, a server group."""

from __future__ import annotations

import dataclasses
from typing import Self

from slipway.model.fact import Fact
from slipway.model.facts.release import Release
from slipway.model.schema_facts import HeavyChange, LiveProof


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class SchemaVersion(Fact):
    """Where a database's schema stands.

    :param version: goose's version number; 0 is an empty database.
    :param before: the version before the task ran.
    :param applied: the migrations that the task applied, in order.
    :param seconds: how long goose ran.
    :param heavy: statements that keep others from a table for as long as it is large.
    :param proofs: of a rehearsal, by the releases that served then.
    """

    version: int
    before: int
    seconds: float
    applied: tuple[str, ...] = ()
    heavy: tuple[HeavyChange, ...] = ()
    proofs: tuple[LiveProof, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class MachineImage(Fact):
    """An AMI that holds exactly one release.

    :param release: project, sha and version.
    :param image_id: the AMI's id.
    :param name: the image's.
    :param base_image_id: the base layer it was baked on.
    :param deb_sha256: of the package inside.
    :param playbook_hash: of every file that took part in the bake.
    :param region: AWS region.
    :param reused: an image with these inputs existed already.
    :param kept: it is the one that the release had when it served before, so that its machines are
        launched with the settings of then as well.
    """

    release: Release
    image_id: str
    name: str
    base_image_id: str
    deb_sha256: str
    playbook_hash: str
    region: str
    reused: bool = False
    kept: bool = False

    @classmethod
    def unbaked(cls, release: Release, *, region: str) -> Self:
        """Return an image that is not there: nothing is launched of it.

        :param release: that it would hold; where only its server group is meant, its version alone.
        :param region: where it would live.
        """
        return cls(
            release=release,
            image_id="",
            name="",
            base_image_id="",
            deb_sha256="",
            playbook_hash="",
            region=region,
        )


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Deployment(Fact):
    """What a swap did, or how far it has come.

    :param release: project, sha and version.
    :param environment: the environment's name.
    :param server_group: the release's Auto Scaling group.
    :param launch_template: its launch template.
    :param image_id: the AMI's id.
    :param instance_ids: the instances seen last.
    :param previous_group: the server group that served before, if any.
    :param previous_version: its release's version.
    """

    release: Release
    environment: str
    server_group: str
    launch_template: str
    image_id: str
    instance_ids: tuple[str, ...] = ()
    previous_group: str | None = None
    previous_version: str | None = None
