"""Looks at everything in the cloud that a deployment needs, and changes nothing.

What belongs together is asked in one call. Whatever the connection's role may not see, or the cloud
does not answer, is :class:`slipway.model.cloud.preflight_facts.Unasked`: only what was seen can be
wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from slipway.hooks.http_probe import probe_url
from slipway.hooks.preflight.limits import account_quotas, rights
from slipway.hooks.preflight.machine import image, inherited, instance_type, profile
from slipway.hooks.preflight.network import (
    balancer,
    balancers,
    security_groups,
    server_groups,
    subnets,
    users_of,
)
from slipway.hooks.preflight.parameters import alarms, disk_keys, keys, parameters
from slipway.model.cloud.inherited_facts import InheritedSeen
from slipway.model.cloud.preflight_facts import (
    AptSeen,
    BalancerSeen,
    DatabaseSeen,
    InstanceTypeSeen,
    SecurityGroupSeen,
    SubnetSeen,
    Surroundings,
    Unasked,
)
from slipway.model.cloud.preflight_needs import Needs
from slipway.model.cloud.tags import PROJECT

Client = Callable[[str], Any]
T = TypeVar("T")
_WORDS = 200
_STATUS = "HTTP "
# Machines may be let in where a worker is not.
_NOT_FOR_US = ("HTTP 401", "HTTP 403")
# What does not speak a service's protocol answers in XML.
_MARKUP = re.compile(r"<[^>]*>?")


def look_around(
    client: Client, needs: Needs, *, database: DatabaseSeen | Unasked | None = None
) -> Surroundings:
    """Look at what one deployment needs.

    :param client: gives the boto3 client of a service by its name.
    :param needs: of the deployment.
    :param database: as somebody else found it.
    """
    groups = asked("server groups", lambda: server_groups(client))
    every = () if isinstance(groups, Unasked) else groups
    users = users_of(every)
    at = asked("load balancer", lambda: balancer(client, needs))
    known = BalancerSeen(name="") if isinstance(at, Unasked) else at
    return Surroundings(
        balancer=at,
        balancers=asked("other balancers", lambda: balancers(client, needs, users, at=known)),
        projects=frozenset(project for names in users.values() for project, _ in names)
        | {tag["Value"] for one in every for tag in one["Tags"] if tag["Key"] == PROJECT},
        alarms=asked("alarms", lambda: alarms(client, needs)),
        apt=look_at_apt(needs.apt),
        database=database,
        **_machines(client, needs),
    )


def _machines(client: Client, needs: Needs) -> dict[str, Any]:
    """Look at what machines are made of, where any are launched."""
    if not needs.machines:
        return {}
    kind = asked("instance type", lambda: instance_type(client, needs))
    vcpus = kind.vcpus if isinstance(kind, InstanceTypeSeen) else 0
    found = asked("parameters", lambda: parameters(client, needs))
    known = () if isinstance(found, Unasked) else found
    passing = asked("what passes on", lambda: inherited(client, needs))
    volumes = passing.volume_keys if isinstance(passing, InheritedSeen) else ()
    disks = asked("the machine image's disks", lambda: disk_keys(client, needs))
    locked = () if isinstance(disks, Unasked) else disks
    nets = asked("subnets", lambda: subnets(client))
    groups = asked("security groups", lambda: security_groups(client))
    ids = (_ids(needs.subnets, nets), _ids(needs.security_groups, groups))
    return {
        "subnets": nets,
        "security_groups": groups,
        "parameters": found,
        "keys": tuple(
            asked(f"KMS key {key}", look) for key, look in keys(client, known, locked, volumes)
        ),
        "instance_type": kind,
        "image": asked("machine image", lambda: image(client, needs)),
        "profile": asked("instance profile", lambda: profile(client, needs)),
        "inherited": passing,
        "quotas": tuple(
            asked(f"quota of {what}", look) for what, look in account_quotas(client, needs, vcpus)
        ),
        "rights": tuple(
            one
            for action, look in rights(client, needs, *ids)
            if (one := asked(f"right {action}", look)) is not None
        ),
    }


def _ids(
    names: Sequence[str], there: Sequence[SubnetSeen | SecurityGroupSeen] | Unasked
) -> list[str]:
    """Return the ids of those that were found."""
    every = () if isinstance(there, Unasked) else there
    return [one.id for one in every if one.id in names or one.name in names]


def look_at_apt(url: str) -> AptSeen | Unasked | None:
    """Ask the apt repository for its release file, as a machine would.

    :param url: of the file; nothing is asked without one.
    """
    if not url:
        return None
    answer = probe_url(url, status=200)
    if answer.said.startswith(_STATUS) and answer.said not in _NOT_FOR_US:
        return AptSeen(url=url, status=int(answer.said.removeprefix(_STATUS)))
    # Machines may reach what a worker does not.
    return Unasked(what=f"apt repository {url}", why=f"this worker got {answer.said}")


def asked(what: str, look: Callable[[], T]) -> T | Unasked:
    """Look at something, or say why that was not possible.

    :param what: it is.
    :param look: asks the cloud.
    """
    try:
        return look()
    except ClientError as error:
        said = error.response["Error"]
        why = f"{error.operation_name} was refused: {said.get('Code')}: {said.get('Message', '')}"
        return Unasked(what=what, why=" ".join(_MARKUP.sub(" ", why).split())[:_WORDS])
    except BotoCoreError as error:
        return Unasked(what=what, why=str(error)[:_WORDS])
