"""What a commit's statuses say, in words, and how one ends that nobody ended.

Step names, test names and messages are a commit's own: whatever of them is shown is one line, in
which every character can be seen.
"""

from __future__ import annotations

from collections.abc import Mapping

from slipway.model.facts import (
    DebPackage,
    PublishedPackage,
    SchemaVersion,
    TestCounts,
    TestReport,
)
from slipway.model.forge.status import Annotation, StatusState, TestSummary
from slipway.model.text.inert import brief, visible

# Characters of an annotation's text.
_LONGEST_TEXT = 2000
# States in which Airflow still does something with a task.
_FAILED, _SUCCESS = frozenset({"failed", "upstream_failed"}), "success"
_OVER = frozenset({"success", "failed", "upstream_failed", "skipped", "removed"})


def tests_passed(report: TestReport) -> str:
    """Say how a pipeline went that passed: ``142 tests, 3.1 s``."""
    counts = report.counts
    if counts is not None and counts.tests:
        skipped = f", {counts.skipped} skipped" if counts.skipped else ""
        return f"{_many(counts.tests, 'test')}{skipped}, {report.seconds:.1f} s"
    ran = sum(step.state == "passed" for step in report.steps)
    return f"{_many(ran, 'step')}, {report.seconds:.1f} s"


def tests_failed(counts: TestCounts | None, why: str) -> str:
    """Say what failed: the tests by number with the first one's name, or the step.

    :param counts: of the reports that the pipeline left.
    :param why: the failure as the task tells it.
    """
    bad = counts.failures + counts.errors if counts else 0
    if counts is None or not bad:
        return brief(why)
    first = f": {counts.failed[0].name}" if counts.failed else ""
    return brief(f"{bad} of {_many(counts.tests, 'test')} failed{first}")


def rehearsed(schema: SchemaVersion) -> str:
    """Say how a rehearsal of migrations went that passed."""
    if not schema.applied:
        return f"nothing new, schema {schema.version}"
    return f"{_many(len(schema.applied), 'migration')}, schema {schema.version}"


def built(package: DebPackage) -> str:
    """Say which package was built, and how large it is."""
    if not package.artifact:
        # Of a pull request: nobody keeps it.
        return brief(f"would be {package.name} {package.version}")
    return brief(f"{package.name} {package.version}, {_size(package.size)}")


def published(package: PublishedPackage) -> str:
    """Say which package can be installed."""
    return brief(f"{package.name} {package.version} is published")


def serving(version: str, machines: int | None) -> str:
    """Say what serves: ``serving 1.4.0+42 on 2 machines``."""
    return f"serving {version}" + (f" on {_many(machines, 'machine')}" if machines else "")


def summary(counts: TestCounts | None) -> TestSummary | None:
    """Return what a host's own page of test results is told; None where there are none."""
    if counts is None or not counts.tests:
        return None
    return TestSummary(
        tests=counts.tests,
        failed=counts.failures + counts.errors,
        skipped=counts.skipped,
        seconds=counts.seconds,
        annotations=tuple(
            Annotation(
                path=one.path,
                line=one.line,
                title=brief(one.name),
                text="\n".join(visible(x) for x in one.message.splitlines())[:_LONGEST_TEXT],
            )
            for one in counts.failed
            if one.path
        ),
    )


def ending(
    states: Mapping[str, str | None], tasks: tuple[str, ...], last: str, *, run_is_over: bool
) -> tuple[StatusState, str] | None:
    """Return how a stage has ended of which nobody said so; None while it goes on.

    :param states: of the run's tasks, by their ids; empty where the run is gone.
    :param tasks: the stage's.
    :param last: the one of them whose success is the stage's.
    :param run_is_over: nothing more will run.
    """
    own = {task: states[task] for task in tasks if task in states}
    if not run_is_over and (not own or any(state not in _OVER for state in own.values())):
        return None
    if not own:
        return StatusState.STOPPED, "its run is gone"
    if own.get(last) == _SUCCESS:
        return StatusState.SUCCESSFUL, "done"
    failed = [task for task, state in own.items() if state in _FAILED]
    if failed:
        return StatusState.FAILED, f"{failed[0].rpartition('.')[2]} failed"
    return StatusState.STOPPED, "stopped before its end"


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _size(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{max(1, round(size / 1000))} kB"
