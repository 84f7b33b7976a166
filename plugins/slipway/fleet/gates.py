"""The gates of a swap: questions that are asked again until they are answered well.

A gate changes nothing. It says where things stand, and raises when waiting cannot help any more.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import Any

from slipway.exceptions import UnhealthyRelease
from slipway.fleet.capacity import has_served_alone
from slipway.fleet.health_question import health_question
from slipway.fleet.patience import worth_waiting
from slipway.fleet.prober import Prober
from slipway.fleet.swap import Swap
from slipway.model.cloud.health_check import HealthCheck
from slipway.model.fleet import ServerGroup


class Gate(StrEnum):
    """Which question is asked."""

    HEALTHY = "healthy"
    IN_SERVICE = "in service"
    CANARY_SOAK = "canary soak"
    SOAK = "soak"


@dataclass(frozen=True, kw_only=True, slots=True)
class GateResult:
    """An answer.

    :param passed: the swap may go on.
    :param message: where things stand, in words.
    :param cheap_recheck: asks about one machine that is missing; yes means that asking the
        whole question again is worth it.
    :param patience: seconds for which such answers on end are worth waiting for, while somebody
        waits behind the release; None for as long as the limit is.
    """

    passed: bool
    message: str
    cheap_recheck: Callable[[], bool] | None = None
    patience: float | None = None


def evaluate(gate: Gate, swap: Swap, *, waited: float) -> GateResult:
    """Ask one gate's question once.

    :param gate: which.
    :param swap: the release on its way.
    :param waited: seconds since the question was asked for the first time.
    :raises UnhealthyRelease: when the limit has passed, or a soaking fleet breaks.
    """
    group = swap.group()
    if group is None:
        msg = f"the server group {swap.name} is gone"
        raise UnhealthyRelease(msg, advice="somebody deleted it; run the deployment again")
    return _QUESTIONS[gate](swap, group, waited)


def _healthy(swap: Swap, group: ServerGroup, waited: float) -> GateResult:
    target = swap.target
    up = {machine.address: machine for machine in group.machines if machine.up and machine.address}
    question = health_question(target, swap.cloud.health_check())
    answers = swap.prober.probe(list(up), **_asked(question), timeout=question.timeout)
    good = sum(up[answer.address].weight for answer in answers if answer.healthy)
    bad = [
        f"{up[answer.address].instance_id} at {answer.address}: {answer.said}"
        for answer in answers
        if not answer.healthy
    ]
    remark = f"; {question.remark}" if question.remark else ""
    said = f"{good} of {group.desired} machines healthy{_listed(bad)}{remark}"
    if good >= group.desired > 0:
        return GateResult(passed=True, message=said)
    if sum(machine.weight for machine in group.machines) < group.desired:
        _can_launch(swap, group, waited)
    ill = [answer.address for answer in answers if not answer.healthy]
    return replace(
        _not_yet(swap, group, said, waited, _LOOK),
        cheap_recheck=_recovers(swap.prober, question, ill),
        patience=None if group.attached else worth_waiting(answers, swap.target.health_timeout),
    )


def _asked(question: HealthCheck) -> dict[str, Any]:
    return {key: getattr(question, key) for key in ("scheme", "port", "path", "status")}


def _recovers(prober: Prober, question: HealthCheck, ill: list[str]) -> Callable[[], bool] | None:
    def news() -> bool:
        [answer] = prober.probe(ill[:1], **_asked(question), timeout=_GLANCE)
        return answer.healthy

    return news if ill else None


def _can_launch(swap: Swap, group: ServerGroup, waited: float) -> None:
    """Tell at once what no waiting cures; a lack of capacity may pass, in this zone or the next."""
    trouble = swap.cloud.launch_failure(group.name)
    if trouble and (waited > _CAPACITY_PATIENCE or _LASTING.search(trouble)):
        there = f"{len(group.machines)} of {group.desired} machines of {group.name}"
        msg = f"{there} were launched: {trouble}"
        raise UnhealthyRelease(msg, advice=_ASK)


def _in_service(swap: Swap, group: ServerGroup, waited: float) -> GateResult:
    bad = [
        f"{machine.instance_id} at {machine.address}: {machine.target_health or 'unknown'}"
        for machine in group.machines
        if not machine.serving
    ]
    said = f"{group.serving} of {group.desired} machines in service{_listed(bad)}"
    if group.in_service:
        return _everywhere(swap, group, waited, said)
    out = next((one.instance_id for one in group.machines if not one.serving), None)
    news = partial(swap.cloud.is_in_service, out) if out else None
    return replace(_not_yet(swap, group, said, waited, _COMPARE), cheap_recheck=news)


def _everywhere(swap: Swap, group: ServerGroup, waited: float, said: str) -> GateResult:
    """The balancers besides the environment's own have to have the machines in service as well."""
    late = list(swap.cloud.behind(group.name)) if group.further else []
    if not late:
        return GateResult(passed=True, message=said)
    return _not_yet(swap, group, f"{said}, but not everywhere{_listed(late)}", waited, _COMPARE)


def _soak(swap: Swap, group: ServerGroup, waited: float) -> GateResult:
    return _watched(swap, group, waited, swap.target.soak)


def _canary_soak(swap: Swap, group: ServerGroup, waited: float) -> GateResult:
    canary = swap.target.canary
    return _watched(swap, group, waited, canary.soak if canary else 0.0)


def _watched(swap: Swap, group: ServerGroup, waited: float, long: float) -> GateResult:
    # Machines that a policy or a person asked for meanwhile are still on their way.
    wanted = min(group.desired, group.desired if group.asked is None else group.asked)
    if group.serving < wanted:
        msg = f"after {waited:.0f} s only {group.serving} of {wanted} machines serve"
        raise UnhealthyRelease(msg, advice=_LOOK)
    if has_served_alone(group):
        # The way back takes seconds: no alarm of the release that is left may hold it up.
        said = f"{group.serving} machines serve; no soak, since {group.name} served alone before"
        return GateResult(passed=True, message=said)
    remarks = swap.analysis.run(group)
    said = ", ".join([f"{group.serving} machines serve, {waited:.0f} of {long:.0f} s", *remarks])
    return GateResult(passed=waited >= long, message=said)


def _not_yet(swap: Swap, group: ServerGroup, said: str, waited: float, advice: str) -> GateResult:
    if waited <= swap.target.health_timeout:
        return GateResult(passed=False, message=said)
    msg = f"{said} after {waited:.0f} s"
    if not group.complete and (trouble := swap.cloud.launch_failure(group.name)):
        # No machine, no health: a quota or a lack of capacity is told only here.
        msg = f"{msg}; the cloud could not launch: {trouble}"
    raise UnhealthyRelease(msg, advice=advice)


def _listed(bad: list[str]) -> str:
    return f" ({'; '.join(bad)})" if bad else ""


# Seconds that the cloud may look for room before a lack of capacity counts as a failure.
_CAPACITY_PATIENCE = 30.0
# Seconds that a machine gets for the answer which only says that it is worth asking all.
_GLANCE = 0.5
# Said by EC2 and Auto Scaling of launches that will fail again.
_LASTING = re.compile(
    r"\b(limit|quota|exceeded|does not exist|not found|invalid|not authorized)\b", re.IGNORECASE
)
_ASK = (
    "for more room ask the provider for a higher quota, or choose another instance type; the old "
    "fleet goes on serving, and what was launched is removed by roll_back"
)
_LOOK = (
    "read what its machines say of it, above this in the log; the old fleet goes on serving and "
    "the new one is removed by roll_back, but for one machine where `keep_failed` says so"
)
_COMPARE = (
    "the machines are healthy when asked directly: compare the balancer's health check and the "
    "security groups with the service's port and path"
)
_QUESTIONS: dict[Gate, Callable[[Swap, ServerGroup, float], GateResult]] = {
    Gate.HEALTHY: _healthy,
    Gate.IN_SERVICE: _in_service,
    Gate.CANARY_SOAK: _canary_soak,
    Gate.SOAK: _soak,
}
