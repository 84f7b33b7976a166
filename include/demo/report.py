"""What the demo measured: a table for people, ``.slipway/demo.json`` for programs."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass, field
from typing import Any

from include.demo import paths
from include.demo.airflow_api import TaskState


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """One task of one run; seconds is None for a task that was not needed."""

    run: str
    task: str
    seconds: float | None
    state: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One run.

    :param name: for people.
    :param how: it came about: ``by hook``, ``by poll``, ``by hand``.
    :param waited: seconds from the push to the run; None where there was no push.
    :param statuses: how many arrived at the git host.
    :param since: what it waited after.
    """

    name: str
    how: str
    waited: float | None
    statuses: int
    since: str = "the push"


@dataclass(kw_only=True, slots=True)
class Report:
    """Grows while the demo goes on."""

    stages: list[Stage] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    requests: dict[str, Any] = field(default_factory=lambda: {"sent": 0, "failed": 0})
    versions: dict[str, str] = field(default_factory=dict)
    urls: dict[str, str] = field(default_factory=dict)
    pull_request: str = ""

    def add(self, run: str, tasks: list[TaskState]) -> None:
        """Add the tasks of a run that ended."""
        for task in tasks:
            seconds = round(task.seconds, 1) if task.seconds is not None else None
            self.stages.append(Stage(run=run, task=task.task, seconds=seconds, state=task.state))

    def save(self) -> None:
        """Write ``.slipway/demo.json``."""
        paths.RESULT.write_text(json.dumps(asdict(self), indent=2) + "\n")

    def show(self) -> None:
        """Print the table."""
        lines = ["", f"{'run':28} {'stage':24} {'seconds':>8}  result", "-" * 72]
        for stage in self.stages:
            if stage.state == "skipped":
                continue
            seconds = f"{stage.seconds:8.1f}" if stage.seconds is not None else " " * 8
            lines.append(f"{stage.run:28} {stage.task:24} {seconds}  {stage.state}")
        lines += ["-" * 72, "", f"{'run':28} {'came':38} statuses", "-" * 76]
        lines += [f"{run.name:28} {_came(run):38} {run.statuses:8}" for run in self.runs]
        lines += ["-" * 76, ""]
        lines += [f"{name:12} {url}" for name, url in self.urls.items()]
        lines += [f"{name:12} runs {version}" for name, version in self.versions.items()]
        if self.pull_request:
            lines.append(f"{'pull request':12} {self.pull_request}")
        lines.append(
            f"{'requests':12} {self.requests['sent']} sent, {self.requests['failed']} failed"
        )
        sys.stdout.write("\n".join(lines) + "\n\n")


def _came(run: Run) -> str:
    return run.how if run.waited is None else f"{run.how}, {run.waited:.1f} s after {run.since}"
