"""Tells in a task's log why a release failed, in its machines' own words, and keeps it.

Whatever goes wrong here is a line in the log: the failure itself is what counts, and the way back
waits for nobody.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from slipway.fleet.unhealthy_release import (
    LEAST,
    LONGEST,
    FailureAnalysis,
    Findings,
    report_lines,
)
from slipway.hooks import http_probe
from slipway.hooks.aws.connection import hasty_fleet
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.failures import FailureReports
from slipway.model.cloud.failure_report import FailureReport
from slipway.model.target import DeployTarget
from slipway.tasks.board.show import show
from slipway.tasks.outcomes import note_failed

if TYPE_CHECKING:
    from airflow.sdk import Context

_LONGEST_REASON = 2000


@dataclass(frozen=True, kw_only=True, slots=True)
class FailedRelease:
    """A release whose failure is looked into, once in a run.

    :param target: the environment.
    :param version: the release's.
    :param context: of the task that looks.
    :param log: receives what there is to say, a line at a time.
    :param since: when it failed, seconds since 1970; 0 for just now.
    """

    target: DeployTarget
    version: str
    context: Context
    log: Callable[[str], None]
    since: float = 0.0

    def explain(self, why: str, *, any_machine: bool = True) -> tuple[str, ...] | None:
        """Look into it, tell, and keep what was told.

        :param why: what failed, in a gate's words.
        :param any_machine: where none is ill, ask some all the same.
        :returns: the ids of the ill machines; None where nothing could be found out.
        """
        self._note(why)
        try:
            found = self._analysis(any_machine).run()
            return self._tell(found, why)
        except Exception as error:
            self.log(f"why it failed could not be found out: {_first_line(error)}")
            return None

    def _note(self, why: str) -> None:
        try:
            note_failed(self.context, self.target, self.version, why)
        except Exception as error:
            self.log(f"that it failed could not be noted: {_first_line(error)}")

    def ill_machines(self, why: str) -> tuple[str, ...] | None:
        """Return what the run found out already, or else look into it now.

        :param why: what failed, where nobody has looked.
        :returns: the ids of the ill machines; None where nothing could be found out.
        """
        try:
            there = FailureReports(artifact_store()).of(
                self.target.project,
                self.target.environment,
                version=self.version,
                run_id=self._run_id,
            )
        except Exception as error:
            self.log(f"why it failed is not on record: {_first_line(error)}")
            there = None
        return there.ill if there else self.explain(why, any_machine=False)

    def _analysis(self, any_machine: bool) -> FailureAnalysis:
        target = self.target
        cloud, explain = hasty_fleet(
            target.aws_conn_id,
            target.region,
            project=target.project,
            environment=target.environment,
            target_group=target.target_group,
            load_balancer=target.load_balancer,
        )
        return FailureAnalysis(
            cloud=cloud,
            prober=http_probe,
            explain=explain,
            target=target,
            version=self.version,
            any_machine=any_machine,
            longest=self._time_left(),
        )

    def _time_left(self) -> float:
        gone = time.time() - self.since if self.since else 0.0
        return max(LEAST, LONGEST - max(0.0, gone))

    def _tell(self, found: Findings, why: str) -> tuple[str, ...] | None:
        if found.group is None:
            self.log(found.problem or "it has no machines to ask why it failed")
            return None
        if not found.ill:
            there = "is ill" if found.group.machines else "is there yet"
            self.log(found.problem or f"none of its machines {there}")
            return None if found.problem else ()
        machines = found.machines()
        more = len(found.ill) - len(machines)
        others = f"; {more} more are not asked" if more else ""
        self.log(f"why {found.group.name} failed, as its machines tell it{others}:")
        for line in (*report_lines(machines, found.balancer_asks), found.problem):
            if line:
                self.log(line)
        ill = tuple(one.instance_id for one in found.ill)
        report = FailureReport(
            project=self.target.project,
            environment=self.target.environment,
            version=self.version,
            group=found.group.name,
            run_id=self._run_id,
            task=str(getattr(self._ti, "task_id", "")),
            why=why[:_LONGEST_REASON],
            at=time.time(),
            balancer_asks=found.balancer_asks,
            ill=ill,
            machines=machines,
        )
        key = FailureReports(artifact_store()).keep(report)
        self.log(f"this is kept as {key}")
        show(self.target.project, self.target.environment)
        return ill

    @property
    def _ti(self) -> Any:
        return self.context.get("ti")

    @property
    def _run_id(self) -> str:
        return str(getattr(self._ti, "run_id", ""))


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
