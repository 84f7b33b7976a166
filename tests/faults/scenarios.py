"""What the process under test is asked for: each a way in which an environment changes."""

from __future__ import annotations

from dataclasses import dataclass

from tests.faults.faults import Fault
from tests.faults.order import DONE, FAILED

_FORWARD = ("launch", "healthy", "shift", "in_service", "soak", "retire")
_CANARY = ("launch_canary", "canary_healthy", "shift_canary", "canary_in_service", "canary_soak")
# Where the DAG rolls back when a task failed for good.
_RISKY = frozenset({*_CANARY, *_FORWARD, "never_healthy"}) - {"retire"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Scenario:
    """One way.

    :param steps: of :data:`tests.faults.worker.STEPS`.
    :param again: what changes nothing once all steps are done.
    :param keep_old: seconds.
    :param bad: the release never becomes healthy.
    :param breach: it serves, but its soak ends in a breach.
    :param standby: there is a standby at the start; the steps are about its release.
    :param due: the time of that standby is over.
    :param rules: the live group scales by a policy.
    :param canary: one machine comes first.
    """

    name: str
    steps: tuple[str, ...] = _FORWARD
    again: tuple[str, ...] = _FORWARD
    keep_old: float = 0.0
    bad: bool = False
    breach: bool = False
    standby: bool = False
    due: bool = False
    rules: bool = False
    canary: bool = False

    @property
    def varied(self) -> bool:
        """It is the plain swap once more, with something added."""
        return self.rules or self.canary

    @property
    def stays(self) -> bool:
        """The release that serves at the start serves at the end as well."""
        return self.bad or self.breach or self.due

    def after(self, status: int | None, begun: str, fault: Fault) -> tuple[str, ...]:
        """Return what Airflow would run next.

        :param status: of the process; None when it was killed.
        :param begun: the step that it began last.
        """
        if status == DONE:
            return self.again
        if status == FAILED and fault is Fault.REFUSED and begun in _RISKY:
            return ("roll_back",)
        return self.steps[self.steps.index(begun) :] if begun else self.steps


SCENARIOS = (
    Scenario(name="swap"),
    Scenario(
        name="bad release",
        steps=("launch", "never_healthy", "roll_back"),
        again=("roll_back",),
        bad=True,
    ),
    Scenario(
        name="breach in the soak",
        steps=("launch", "healthy", "shift", "in_service", "roll_back"),
        again=("roll_back",),
        breach=True,
    ),
    Scenario(name="back to standby", standby=True, keep_old=3600.0),
    Scenario(
        name="housekeeping",
        steps=("housekeeping",),
        again=("housekeeping",),
        standby=True,
        due=True,
    ),
    Scenario(name="swap with rules", rules=True),
    Scenario(
        name="swap with a canary",
        steps=(*_CANARY, *_FORWARD),
        again=(*_CANARY, *_FORWARD),
        canary=True,
    ),
)
