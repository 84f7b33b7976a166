"""Why a release failed, in its machines' own words, before they are removed.

It must never hold up the way back: everything is asked side by side, in threads that nobody waits
for longer than :data:`LONGEST`, and what is there by then is what is told. Nothing here raises.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from slipway.fleet.cloud import FleetReader
from slipway.fleet.health_question import health_question, probe_question
from slipway.fleet.prober import MachineExplainer, Prober
from slipway.model.cloud.answer import SIDE_BY_SIDE, Answer
from slipway.model.cloud.failure_report import MachineReport
from slipway.model.cloud.health_check import HealthCheck, describe_check
from slipway.model.fleet import Machine, ServerGroup
from slipway.model.target import DeployTarget
from slipway.model.text.inert import visible

# Seconds in all, of the ten after which people know; and those of it that are for putting together
# what came. A gate whose verdict had to find a worker first has fewer, and these at least.
LONGEST, _LAST, LEAST = 6.5, 0.5, 3.5
# Machines that are asked: a release that is wrong is wrong in the same way on all of them.
MOST_MACHINES = 3
_PAUSE = 0.05
# Seconds that a machine gets for its last answer.
_ANSWER = 2.0
# In what was asked; an address of version 6 stands in brackets.
_PORT = re.compile(r":\d+(?=/|$)")

Explain = Callable[[Sequence[HealthCheck]], MachineExplainer]


@dataclass
class Findings:
    """What is known so far; threads add to it.

    :param group: the release's; None before it was found.
    :param balancer_asks: how the balancer asks machines for their health.
    :param asked: the same of Slipway's own question, as a URL without a host.
    :param ill: the ill machines.
    :param answers: what came of the question, by address.
    :param words: the balancer's on each machine, by instance id.
    :param reports: what machines said of themselves, by instance id.
    :param problem: why nothing more is known.
    :param done: there is nothing more to find out.
    """

    group: ServerGroup | None = None
    balancer_asks: str = ""
    asked: str = ""
    ill: tuple[Machine, ...] = ()
    answers: Mapping[str, Answer] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)
    reports: dict[str, MachineReport] = field(default_factory=dict)
    problem: str = ""
    done: bool = False

    def machines(self) -> tuple[MachineReport, ...]:
        """Put together what is known of each machine that was asked."""
        return tuple(self._machine(one) for one in self.ill[:MOST_MACHINES])

    def _machine(self, one: Machine) -> MachineReport:
        late = MachineReport(instance_id=one.instance_id, problem="it did not answer in time")
        address = one.address or ""
        answer = self.answers.get(address)
        return replace(
            self.reports.get(one.instance_id, late),
            address=address,
            lifecycle=one.lifecycle,
            asked=self.asked.replace("//:", f"//{address}:") if answer else "",
            answered=visible(answer.said) if answer else "",
            balancer=self.words.get(one.instance_id, ""),
        )


@dataclass(frozen=True, kw_only=True)
class FailureAnalysis:
    """Asks what is wrong with one release.

    :param cloud: that does not wait long.
    :param prober: asks machines for their health.
    :param explain: gives what asks a machine, from what the machine is to ask itself.
    :param target: the environment.
    :param version: the release's.
    :param any_machine: where none is ill, ask some all the same: an alarm may speak of them.
    :param longest: seconds for all of it.
    """

    cloud: FleetReader
    prober: Prober
    explain: Explain
    target: DeployTarget
    version: str
    any_machine: bool = True
    longest: float = LONGEST

    def run(self) -> Findings:
        """Ask, and return what is known when the time is over."""
        found, until = Findings(), time.monotonic() + self.longest
        _begin(partial(self._look, found, until - _LAST))
        while not found.done and time.monotonic() < until:
            time.sleep(_PAUSE)
        if not found.done:
            found.problem = "not everything answered in time"
        return found

    def _look(self, found: Findings, until: float) -> None:
        try:
            self._ask(found, until)
        except Exception as error:
            found.problem = visible(str(error).partition("\n")[0])
        finally:
            found.done = True

    def _ask(self, found: Findings, until: float) -> None:
        group = self.cloud.observe().of(self.version)
        if group is None:
            return
        found.group, check = group, self.cloud.health_check()
        question = health_question(self.target, check)
        found.balancer_asks, found.asked = describe_check(check), describe_check(question)
        found.answers = _answers(self.prober, group, question)
        found.ill = self._ill(group, found.answers)
        explainer = self.explain(self._own_questions(question))
        threads = [
            _begin(partial(_explain_one, found.reports, explainer, one, until))
            for one in found.ill[:MOST_MACHINES]
        ]
        if found.ill:
            found.words = self.cloud.target_words()
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _own_questions(self, question: HealthCheck) -> tuple[HealthCheck, ...]:
        watched = self.target.probe
        if watched is None or watched.path is None:
            return (question,)
        return (question, probe_question(watched, question))

    def _ill(self, group: ServerGroup, answers: Mapping[str, Answer]) -> tuple[Machine, ...]:
        ill = tuple(one for one in group.machines if _is_ill(one, group, answers))
        return ill or (group.machines if self.any_machine else ())


def _is_ill(one: Machine, group: ServerGroup, answers: Mapping[str, Answer]) -> bool:
    answer = answers.get(one.address or "")
    answers_badly = answer is not None and not answer.healthy
    never_came = not (one.up and one.address)
    return answers_badly or never_came or (group.attached and not one.serving)


def _answers(prober: Prober, group: ServerGroup, question: HealthCheck) -> dict[str, Answer]:
    # No more than are asked side by side: if all of them hang, the rest would come too late.
    first = sorted(group.machines, key=lambda one: one.serving)
    answers = prober.probe(
        [one.address for one in first if one.address][:SIDE_BY_SIDE],
        scheme=question.scheme,
        port=question.port,
        path=question.path,
        status=question.status,
        timeout=min(question.timeout, _ANSWER),
    )
    return {answer.address: answer for answer in answers}


def _explain_one(
    reports: dict[str, MachineReport], explainer: MachineExplainer, one: Machine, until: float
) -> None:
    try:
        report = explainer.explain(one.instance_id, one.address or "", until=until)
    except Exception as error:
        said = visible(str(error).partition("\n")[0])
        report = MachineReport(instance_id=one.instance_id, problem=said)
    reports[one.instance_id] = report


def _begin(work: Callable[[], None]) -> threading.Thread:
    # Not of a pool, which a process waits for before it ends.
    thread = threading.Thread(target=work, daemon=True, name="why")
    thread.start()
    return thread


def report_lines(machines: Iterable[MachineReport], balancer_asks: str) -> Iterator[str]:
    """Say, line by line, what machines said.

    :param machines: their reports.
    :param balancer_asks: what the balancer asks each machine.
    """
    if balancer_asks:
        yield f"the balancer asks {balancer_asks}"
    for one in machines:
        where = f" at {one.address}" if one.address else ""
        state = f" ({one.lifecycle})" if one.lifecycle else ""
        yield f"{one.instance_id}{where}{state}:"
        if one.asked:
            yield f"  asked {one.asked}: {one.answered}"
        if one.balancer:
            yield f"  the balancer says {one.balancer}"
        if one.problem:
            yield f"  {one.problem}"
        for answer in one.own_answers:
            yield f"  the machine itself asked {answer}"
        if one.source == "ssm":
            yield f"  it listens on {', '.join(one.listens) or 'no port'}{_not_on(one)}"
        yield from _texts(one)


def _not_on(one: MachineReport) -> str:
    """Say so where nothing listens on the port that is asked."""
    asked = _PORT.search(one.asked)
    if asked is None or any(place.partition(" ")[0].endswith(asked[0]) for place in one.listens):
        return ""
    return f", and not on {asked[0][1:]}"


def _texts(one: MachineReport) -> Iterator[str]:
    texts = {
        "systemctl status": one.status,
        "what reads its parameters": one.parameters,
        "cloud-init": one.cloud_init,
        "console": one.console,
        "journal of the service": one.journal,
    }
    for title, lines in texts.items():
        if any(lines):
            yield f"  {title}:"
            yield from (f"    | {line}" for line in lines)
