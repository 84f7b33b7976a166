"""What a deployment needs, and what was found when it was looked for.

The hooks fill this in, and :mod:`slipway.fleet.preflight.judge` judges it. Whatever could not be
asked is :class:`Unasked`, which is a remark and never a reason to stop.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from slipway.model.cloud.inherited_facts import InheritedSeen
from slipway.model.text.nearest import Named


@dataclass(frozen=True, kw_only=True, slots=True)
class Unasked:
    """Something that nobody could look at.

    :param what: it is.
    :param why: in the words of whoever refused.
    """

    what: str
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class BalancerSeen:
    """A target group with its load balancers, or a classic load balancer.

    :param name: its name.
    :param vpc: empty where it is not known.
    :param zones: in which requests are sent on; empty where that is not known.
    :param listening: some listener sends requests there.
    :param targets: what kind of targets it takes.
    """

    name: str
    vpc: str = ""
    zones: frozenset[str] = frozenset()
    listening: bool = True
    targets: str = "instance"


@dataclass(frozen=True, kw_only=True, slots=True)
class SubnetSeen:
    """A subnet.

    :param id: AWS's.
    :param name: its Name tag; empty without one.
    :param vpc: its VPC's id.
    :param zone: that it lies in.
    :param free: addresses that are left.
    :param tags: on it.
    """

    id: str
    name: str
    vpc: str
    zone: str
    free: int
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class SecurityGroupSeen:
    """A security group."""

    id: str
    name: str
    vpc: str
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageSeen:
    """A machine image.

    :param id: AWS's.
    :param architecture: as EC2 writes it.
    :param state: ``available`` is the good one.
    """

    id: str
    state: str
    architecture: str


@dataclass(frozen=True, kw_only=True, slots=True)
class InstanceTypeSeen:
    """An instance type.

    :param name: its name.
    :param known: there is such a type.
    :param architectures: as EC2 writes them.
    :param vcpus: of each machine; 0 where it is not known.
    :param zones: of the region, that have it.
    :param names: other types that there are, when there is none of this name.
    """

    name: str
    known: bool = True
    architectures: frozenset[str] = frozenset()
    vcpus: int = 0
    zones: frozenset[str] = frozenset()
    names: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ProfileSeen:
    """An instance profile.

    :param name: its name.
    :param known: there is such a profile.
    :param roles: in it.
    :param trusts_ec2: machines may take its role.
    :param names: other profiles, when there is none of this name.
    """

    name: str
    known: bool = True
    roles: tuple[str, ...] = ()
    trusts_ec2: bool = True
    names: tuple[Named, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class QuotaSeen:
    """How much of something an account may have.

    :param what: is counted.
    :param used: how much there is.
    :param limit: how much there may be.
    :param more: that the deployment adds.
    """

    what: str
    used: int
    limit: int
    more: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ParameterSeen:
    """A parameter of the environment; its value is nobody's business here.

    :param path: its name, with all that comes before.
    :param key: of KMS, which encrypts it; empty where it is not encrypted.
    """

    path: str
    key: str = ""


# The one good state of a key of KMS.
ENABLED = "Enabled"


@dataclass(frozen=True, kw_only=True, slots=True)
class KeySeen:
    """A key of KMS.

    :param id: as it was asked for: id, ARN or alias.
    :param state: :data:`ENABLED` is the good one; empty where there is no such key.
    :param used_by: what it encrypts.
    :param inherited: it encrypts volumes as the serving group has them.
    :param names: aliases that there are, where something is wrong with it.
    """

    id: str
    state: str
    used_by: str
    inherited: bool = False
    names: tuple[Named, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class AlarmsSeen:
    """Alarms.

    :param missing: of those that were asked for.
    :param names: those that there are, when one is missing.
    """

    missing: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class RefusedSeen:
    """A right that the deployment's role lacks.

    :param action: as IAM writes it.
    :param said: in AWS's words.
    """

    action: str
    said: str


@dataclass(frozen=True, kw_only=True, slots=True)
class AptSeen:
    """What the apt repository said to somebody who asked for its release file.

    :param url: that was asked.
    :param status: of HTTP.
    """

    url: str
    status: int


@dataclass(frozen=True, kw_only=True, slots=True)
class DatabaseSeen:
    """An environment's database, as its role finds it.

    :param connection: Airflow's.
    :param trouble: why nobody gets in; empty for who does.
    :param passing: that another try may get in.
    :param role: the login.
    :param schema: where new tables go; empty where there is none.
    :param may_create: tables in there.
    :param read_only: a replica, or a role that may only read.
    :param ledger: the role may write into goose's own table, or make it.
    :param pending: migrations that are still to be applied.
    :param foreign: table and its owner, each that a pending migration changes and the role does
        not own.
    """

    connection: str
    trouble: str = ""
    passing: bool = False
    role: str = ""
    schema: str = "public"
    may_create: bool = True
    read_only: bool = False
    ledger: bool = True
    pending: tuple[str, ...] = ()
    foreign: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """Everything that was looked at; None stands for what there is not, or need not be.

    ``balancers`` says whose the balancer is, and, where something is wrong with it, whose others
    are; ``projects`` are others that are known to run in this account and region.
    """

    balancer: BalancerSeen | Unasked | None = None
    balancers: tuple[Named, ...] | Unasked = ()
    projects: frozenset[str] = frozenset()
    subnets: tuple[SubnetSeen, ...] | Unasked = ()
    security_groups: tuple[SecurityGroupSeen, ...] | Unasked = ()
    alarms: AlarmsSeen | Unasked | None = None
    image: ImageSeen | Unasked | None = None
    instance_type: InstanceTypeSeen | Unasked | None = None
    profile: ProfileSeen | Unasked | None = None
    quotas: tuple[QuotaSeen | Unasked, ...] = ()
    parameters: tuple[ParameterSeen, ...] | Unasked = ()
    keys: tuple[KeySeen | Unasked, ...] = ()
    inherited: InheritedSeen | Unasked | None = None
    rights: tuple[RefusedSeen | Unasked, ...] = ()
    apt: AptSeen | Unasked | None = None
    database: DatabaseSeen | Unasked | None = None

    @property
    def unasked(self) -> tuple[Unasked, ...]:
        """List what nobody could look at."""
        values = (getattr(self, name) for name in self.__dataclass_fields__)
        several = (value if isinstance(value, tuple) else (value,) for value in values)
        return tuple(one for some in several for one in some if isinstance(one, Unasked))
