"""What an ill machine said of itself before it was removed: small facts, kept beside deployments.

Whatever stands here was masked on the machine, and is text that a stranger wrote: whoever shows it
treats it as nothing but text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from slipway.model.fact import Fact

# Lines of a journal, and characters of one line, that are kept and shown.
MOST_LINES, LONGEST_LINE = 100, 500
_ERROR = re.compile(
    r"error|exception|fatal|panic|failed|traceback|cannot|denied|refused", re.IGNORECASE
)
# What systemd says of a service, and what journalctl says of its own output.
_SYSTEMD, _REMARK = "systemd[", "-- "
_ENDED = re.compile(r"systemd\[.*(exited, code=|Failed with result|Deactivated successfully)")
# An error follows it, whose name may be any.
_TRACEBACK = "Traceback (most recent call last):"


@dataclass(frozen=True, kw_only=True, slots=True)
class MachineReport(Fact):
    """One machine; each text is empty where nothing is known.

    :param instance_id: the machine's id.
    :param address: its private one.
    :param lifecycle: Auto Scaling's word.
    :param asked: what it was asked for its health, from a worker.
    :param answered: and what came of it.
    :param balancer: the balancer's word on it, with its reason.
    :param source: where the rest is from: ``ssm``, ``console``, or empty.
    :param own_answers: what the machine got when it asked itself: status and first bytes.
    :param listens: addresses and ports, with the program.
    :param status: ``systemctl status`` of the service, and of what reads its parameters.
    :param journal: the last lines of the service's journal.
    :param parameters: the last lines of the unit's that reads its parameters.
    :param cloud_init: the end of cloud-init's output.
    :param console: the end of the machine's console.
    :param problem: why less is known than could be.
    """

    instance_id: str
    address: str = ""
    lifecycle: str = ""
    asked: str = ""
    answered: str = ""
    balancer: str = ""
    source: str = ""
    own_answers: tuple[str, ...] = ()
    listens: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    journal: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    cloud_init: tuple[str, ...] = ()
    console: tuple[str, ...] = ()
    problem: str = ""

    @property
    def telling_line(self) -> str:
        """The line by which it says most: the last error of its service, in the service's words.

        What systemd says of a service that ends is the same for every cause, so it comes after.
        """
        own = _service_lines(self.journal)
        found = _last_error(own)
        if not found and own and any(map(_ENDED.search, self.journal)):
            found = own[-1]  # whatever it said before it went
        for other in (_service_lines(self.parameters), self.cloud_init, self.console):
            found = found or _last_error(other)
        others = (*own[-1:], *self.journal[-1:], self.balancer, self.answered, self.problem)
        return (found or next(filter(None, others), "")).strip()


@dataclass(frozen=True, kw_only=True, slots=True)
class FailureReport(Fact):
    """A release that failed in an environment, and what its ill machines said.

    :param project: the project's name.
    :param environment: the environment's name.
    :param version: the release's version.
    :param group: its server group.
    :param run_id: the run that brought it.
    :param task: that failed, or that looked.
    :param why: the gate's word.
    :param balancer_asks: how the balancer asks machines for their health.
    :param ill: every ill machine's id, also of those that were not asked.
    :param machines: those that were asked.
    :param at: seconds since 1970.
    """

    project: str
    environment: str
    version: str
    group: str
    run_id: str
    task: str
    why: str
    at: float
    balancer_asks: str = ""
    ill: tuple[str, ...] = ()
    machines: tuple[MachineReport, ...] = ()


def _service_lines(lines: Iterable[str]) -> list[str]:
    told = (one for one in lines if one.strip() and not one.startswith(_REMARK))
    return [one for one in told if _SYSTEMD not in one]


def _last_error(lines: Iterable[str]) -> str:
    every = [one for one in lines if one.strip()]
    errors = [one for one in every if _ERROR.search(one)]
    if errors and errors[-1].rstrip().endswith(_TRACEBACK):
        return every[-1]
    return errors[-1] if errors else ""
