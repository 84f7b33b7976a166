"""How a commit's own pipeline went: its steps, its test cases, and what it built."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable

from slipway.model.fact import Fact
from slipway.model.facts.release import Release


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class StepReport(Fact):
    """How one step of the pipeline ended.

    :param name: the step's.
    :param image: as the pipeline file names it.
    :param state: ``passed``, ``failed``, ``skipped`` or ``killed``.
    :param seconds: that it took.
    :param exit_code: the container's, or None where it never ran.
    :param pipeline: the one that it belongs to.
    :param note: why it was skipped.
    :param digest: of the image that ran: name and digest in its registry, or the id of one that was
        built beside the engine; empty where nothing ran.
    """

    name: str
    image: str
    state: str
    seconds: float
    exit_code: int | None = None
    pipeline: str = ""
    note: str = ""
    digest: str = ""


# Drone's own first step brings the sources and tests nothing.
_CLONE = "clone"


def something_passed(steps: Iterable[StepReport]) -> bool:
    """Tell whether any step's container ran to a good end.

    Steps in the background have no end of their own, and bringing the sources shows nothing.
    """
    return any(
        step.state == "passed" and step.exit_code == 0 and step.name != _CLONE for step in steps
    )


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class TestFailure(Fact):
    """One test case that failed.

    :param name: class and name, as the tool wrote them.
    :param message: the first lines of what it said.
    :param path: of the file where it failed, from the repository's top; empty where nothing says.
    :param line: in that file, counting from 1; 0 where nothing says.
    """

    __test__ = False  # the name is the field's; pytest should pass it by

    name: str
    message: str = ""
    path: str = ""
    line: int = 0


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class TestCounts(Fact):
    """What the test cases of a run came to.

    :param tests: how many ran, those that were skipped among them.
    :param failures: how many found what they should not.
    :param errors: how many broke.
    :param skipped: how many were left out.
    :param seconds: that all of them took.
    :param failed: the first of those that failed or broke.
    """

    __test__ = False

    tests: int = 0
    failures: int = 0
    errors: int = 0
    skipped: int = 0
    seconds: float = 0.0
    failed: tuple[TestFailure, ...] = ()

    def plus(self, other: TestCounts) -> TestCounts:
        """Count these and others together."""
        return TestCounts(
            tests=self.tests + other.tests,
            failures=self.failures + other.failures,
            errors=self.errors + other.errors,
            skipped=self.skipped + other.skipped,
            seconds=self.seconds + other.seconds,
            failed=(*self.failed, *other.failed),
        )


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class BuiltFiles(Fact):
    """What the pipeline built and the package is made of, as one tar in object storage.

    :param artifact: its key below the artifact root.
    :param sha256: of the tar.
    :param size: of the tar, in bytes.
    :param files: how many are in it.
    :param pipeline: the one whose workspace they were taken from.
    :param paths: under which they were, as the project file has them.
    :param reused: they were kept by an earlier run of the same commit.
    """

    artifact: str
    sha256: str
    size: int
    files: int
    pipeline: str = ""
    paths: tuple[str, ...] = ()
    reused: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class TestReport(Fact):
    """The outcome of a commit's own pipeline.

    :param release: project, sha and version.
    :param seconds: from the first step to the last one's end.
    :param steps: all of the pipeline file; those that did not run say why.
    :param counts: of the JUnit reports that its steps left, where they left any.
    :param built: what of its workspace goes into the package, where something does.
    :param number: of the build; 0 in reports of before there was one.
    """

    __test__ = False

    release: Release
    seconds: float
    steps: tuple[StepReport, ...] = ()
    counts: TestCounts | None = None
    built: BuiltFiles | None = None
    number: int = 0

    def after(self, first: TestReport) -> TestReport:
        """Put the report of a pipeline's first half in front of this one, of its second."""
        counts = [one.counts for one in (first, self) if one.counts is not None]
        return dataclasses.replace(
            self,
            seconds=first.seconds + self.seconds,
            steps=(*first.steps, *self.steps),
            counts=functools.reduce(TestCounts.plus, counts) if counts else None,
            built=first.built,
        )
