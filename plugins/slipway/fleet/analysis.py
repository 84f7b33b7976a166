"""What a release on trial is watched by, besides the balancer: an HTTP probe, and alarms.

Nothing is remembered between two looks, so it does not matter which worker or triggerer takes the
next one. Wrong answers in a row are counted within one look, which asks again before it gives up.
An alarm counts when it went off after the release's group was made, by the cloud's own clock: one
that rang before is often why the release comes at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from slipway.exceptions import EnvironmentMisconfigured, UnhealthyRelease
from slipway.fleet.cloud import Cloud
from slipway.fleet.health_question import health_question, probe_question
from slipway.fleet.prober import Prober
from slipway.model.cloud.alarm import Alarm
from slipway.model.cloud.answer import Answer
from slipway.model.cloud.health_check import HealthCheck
from slipway.model.fleet import ServerGroup
from slipway.model.target import DeployTarget, Probe
from slipway.model.text.nearest import nearest_few

# Seconds between a wrong answer and the same question again.
_PAUSE = 1.0
_LOOK = (
    "read what its machines say of it, above this in the log; the old fleet goes on serving and "
    "the new one is removed by roll_back, but for one machine where `keep_failed` says so"
)
_NAME = "correct the environment's soak.alarms in the project file, or make the alarm"


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """Looks once at a release.

    :param cloud: where its alarms are.
    :param prober: asks its machines, and the page.
    :param target: says what it is watched by.
    :param sleep: waits before a question is asked again.
    """

    cloud: Cloud
    prober: Prober
    target: DeployTarget
    sleep: Callable[[float], None]

    def run(self, group: ServerGroup) -> list[str]:
        """Look at everything.

        :param group: the release's.
        :returns: remarks.
        :raises UnhealthyRelease: when something speaks against the release.
        :raises EnvironmentMisconfigured: when an alarm does not exist.
        """
        if self.target.probe is not None:
            self._probed(self.target.probe, group)
        return self._listened(group)

    def find_alarms(self) -> tuple[Alarm, ...]:
        """Read the alarms.

        :raises EnvironmentMisconfigured: when one does not exist, with the nearest that does.
        """
        names = self.target.alarms
        found = self.cloud.alarms(names) if names else ()
        if missing := sorted(set(names) - {alarm.name for alarm in found}):
            there = self.cloud.alarm_names()
            words = "; ".join(f"{name!r} ({_nearest(name, there)})" for name in missing)
            msg = f"{self.target.environment} is watched by alarms that do not exist: {words}"
            raise EnvironmentMisconfigured(msg, advice=_NAME)
        return found

    def _probed(self, question: Probe, group: ServerGroup) -> None:
        """Ask; whoever is wrong is asked again at once, until it is wrong once too often."""
        addresses = [one.address for one in group.machines if one.serving and one.address]
        page, ours = question.url, self._ours(question)
        wrong = self._asked(question, addresses, ours, page=page)
        for _ in range(question.failures - 1):
            if not wrong:
                return
            self.sleep(_PAUSE)
            again = [one.address for one in wrong if one.address != question.url]
            page = question.url if len(again) < len(wrong) else None
            wrong = self._asked(question, again, ours, page=page)
        if wrong:
            who = {one.address: one.instance_id for one in group.machines}
            said = "; ".join(_spoken(answer, who.get(answer.address)) for answer in wrong)
            times = f"{question.failures} times in a row"
            msg = f"the probe wants HTTP {question.status}, and got {times}: {said}"
            raise UnhealthyRelease(msg, advice=_LOOK)

    def _ours(self, question: Probe) -> HealthCheck | None:
        """Return what the machines are asked, if they are."""
        if question.path is None:
            return None
        return probe_question(question, health_question(self.target, self.cloud.health_check()))

    def _asked(
        self,
        question: Probe,
        addresses: Sequence[str],
        ours: HealthCheck | None,
        *,
        page: str | None,
    ) -> list[Answer]:
        """Return the wrong answers."""
        answers: list[Answer] = []
        if ours is not None:
            answers += self.prober.probe(
                list(addresses),
                scheme=ours.scheme,
                port=ours.port,
                path=ours.path,
                status=ours.status,
                timeout=ours.timeout,
            )
        if page is not None:
            answers.append(self.prober.probe_url(page, status=question.status))
        return [answer for answer in answers if not answer.healthy]

    def _listened(self, group: ServerGroup) -> list[str]:
        ringing = [alarm for alarm in self.find_alarms() if alarm.ringing]
        if new := [alarm for alarm in ringing if alarm.since >= group.created]:
            said = "; ".join(f"{one.name}{_because(one)}" for one in new)
            msg = f"in ALARM since {group.name} was launched: {said}"
            raise UnhealthyRelease(msg, advice=_LOOK)
        return [f"{one.name} rang before the launch and does not count" for one in ringing]


def _spoken(answer: Answer, machine: str | None) -> str:
    return f"{f'{machine} at ' if machine else ''}{answer.address}: {answer.said}"


def _because(alarm: Alarm) -> str:
    return f" ({alarm.reason})" if alarm.reason else ""


def _nearest(name: str, there: Sequence[str]) -> str:
    near = nearest_few(name, there)
    return f"nearest: {', '.join(near)}" if near else "nothing there is called alike"
