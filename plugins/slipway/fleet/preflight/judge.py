"""Whether the whole way of a deployment is open, judged before its first change.

Everything at once: whoever corrects a project file learns in one run what is wrong with it. What
could not be looked at is no finding.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from slipway.fleet.preflight.data import database, encryption, parameters
from slipway.fleet.preflight.finding import Finding
from slipway.fleet.preflight.machine import image, inherited, instance_type, profile, quotas, rights
from slipway.fleet.preflight.network import balancer, security_groups, subnets
from slipway.model.cloud.preflight_facts import AlarmsSeen, AptSeen, Surroundings
from slipway.model.cloud.preflight_needs import Needs
from slipway.model.text.nearest import Named, Owner, nearest

_NETWORK = (balancer, subnets, security_groups)
_MACHINES = (image, instance_type, profile, quotas, inherited, rights)
_BESIDE = (parameters, encryption, database)

# A repository may let machines in, and no worker: only these say that there is none.
_NOT_THERE = (404, 410)


def judge(needs: Needs, seen: Surroundings) -> tuple[Finding, ...]:
    """List everything that stands in a deployment's way.

    :param needs: of the deployment.
    :param seen: what was found.
    """
    looks = (*_NETWORK, *_MACHINES, *_BESIDE, _alarms, _apt)
    return tuple(chain.from_iterable(look(needs, seen) for look in looks))


def _alarms(needs: Needs, seen: Surroundings) -> Iterator[Finding]:
    if isinstance(seen.alarms, AlarmsSeen):
        for name in seen.alarms.missing:
            yield Finding(
                what=f"alarm {name!r}",
                trouble="does not exist",
                nearest=nearest(name, _alarm_names(needs, seen, seen.alarms)),
                cure="correct soak.alarms in the project file, or make the alarm",
            )


def _alarm_names(needs: Needs, seen: Surroundings, alarms: AlarmsSeen) -> list[str]:
    owner = Owner(project=needs.project, environment=needs.environment, others=seen.projects)
    return owner.usable(Named(name=one) for one in alarms.names)


def _apt(_: Needs, seen: Surroundings) -> Iterator[Finding]:
    if isinstance(seen.apt, AptSeen) and seen.apt.status in _NOT_THERE:
        yield Finding(
            what=f"apt repository {seen.apt.url}",
            trouble=f"answers HTTP {seen.apt.status}",
            cure="correct host and distribution of the connection slipway_apt",
        )
