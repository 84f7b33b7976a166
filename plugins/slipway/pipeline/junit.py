"""JUnit reports that steps leave behind -> counts and failures.

The files come from a commit, so they are hostile: they are read out of the tar in memory, within
limits, and a document type (the way in for entities of any kind) is refused. A report that cannot
be read is said, and never fails a pipeline.
"""

from __future__ import annotations

import io
import tarfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.parsers import expat

from slipway.facts import TestCounts, TestFailure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# Bytes of one report, and reports of one run.
_LARGEST, _MOST = 8 << 20, 200
# Failures that are kept, characters of each message, and elements within each other.
_KEPT, _LONGEST, _DEEPEST = 50, 500, 20


class ReportUnreadable(Exception):
    """A file is no JUnit report."""


@dataclass
class Reports:
    """What a run left.

    :param counts: of all that could be read; None where there was nothing.
    :param complaints: what could not be read, and why.
    """

    counts: TestCounts | None = None
    complaints: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """Yield what a log shows: complaints, a line of numbers, and what failed."""
        yield from self.complaints
        if self.counts is not None:
            yield from _count_lines(self.counts)


def read_reports(collected: Mapping[str, bytes]) -> Reports:
    """Read every report.

    :param collected: path in the workspace -> a tar of it.
    """
    reports = Reports()
    found: list[TestCounts] = []
    for path, tar in collected.items():
        try:
            for name, data in _files(tar):
                found.append(_tried(name, data, reports))
        except tarfile.TarError as error:
            reports.complaints.append(f"{path} cannot be unpacked: {error}")
        if len(found) > _MOST:
            reports.complaints.append(f"there are more than {_MOST} reports; the rest is left out")
            break
    if found:
        reports.counts = _sum(found)
    return reports


def read_report(data: bytes) -> TestCounts:
    """Count the test cases of one report.

    :raises ReportUnreadable: when it is not XML, or not to be trusted.
    """
    reader = _Reader()
    try:
        reader.parser.Parse(data, True)
    except expat.ExpatError as error:
        msg = f"it is not XML ({error})"
        raise ReportUnreadable(msg) from error
    return reader.counts()


def _count_lines(counts: TestCounts) -> Iterator[str]:
    bad = counts.failures + counts.errors
    yield f"{counts.tests} tests, {bad} failed, {counts.skipped} skipped, {counts.seconds:.1f} s"
    for failure in counts.failed:
        yield f"  {failure.name}"
        yield from (f"    {line}" for line in failure.message.splitlines()[:10])
    if bad > len(counts.failed):
        yield f"  ... and {bad - len(counts.failed)} more"


def _files(tar: bytes) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        for member in archive:
            # Links lead elsewhere, and everything else has nothing to read.
            if not member.isreg() or not member.name.endswith(".xml"):
                continue
            content = archive.extractfile(member) if member.size <= _LARGEST else None
            yield member.name, content.read() if content else b""


def _tried(name: str, data: bytes, reports: Reports) -> TestCounts:
    try:
        return read_report(data)
    except ReportUnreadable as error:
        why = str(error) if data else f"it is empty or larger than {_LARGEST >> 20} MiB"
        reports.complaints.append(f"report {name} cannot be read: {why}")
        return TestCounts()


def _sum(found: Iterable[TestCounts]) -> TestCounts:
    every = list(found)
    failed = [failure for counts in every for failure in counts.failed]
    return TestCounts(
        tests=sum(counts.tests for counts in every),
        failures=sum(counts.failures for counts in every),
        errors=sum(counts.errors for counts in every),
        skipped=sum(counts.skipped for counts in every),
        seconds=sum(counts.seconds for counts in every),
        failed=tuple(failed[:_KEPT]),
    )


class _Reader:
    """Takes in a report element by element, and counts ``testcase``."""

    def __init__(self) -> None:
        self.parser = expat.ParserCreate()
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self._depth = 0
        self._case = ""
        self._outcome = ""
        self._message = ""
        self._inside = ""
        self._numbers = {"tests": 0, "failure": 0, "error": 0, "skipped": 0}
        self._seconds = 0.0
        self._failed: list[TestFailure] = []

    def counts(self) -> TestCounts:
        return TestCounts(
            tests=self._numbers["tests"], failures=self._numbers["failure"],
            errors=self._numbers["error"], skipped=self._numbers["skipped"],
            seconds=round(self._seconds, 3), failed=tuple(self._failed),
        )  # fmt: skip

    def _doctype(self, *_: object) -> None:
        msg = "it declares a document type"
        raise ReportUnreadable(msg)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            msg = f"its elements are nested more than {_DEEPEST} deep"
            raise ReportUnreadable(msg)
        if self._depth == 1 and name not in ("testsuites", "testsuite"):
            msg = f"it begins with <{name[:40]}>, not with <testsuites>"
            raise ReportUnreadable(msg)
        if name == "testcase":
            parts = (attributes.get("classname", ""), attributes.get("name", ""))
            self._case = ".".join(part for part in parts if part)[:_LONGEST]
            self._outcome = self._message = ""
            self._numbers["tests"] += 1
            self._seconds += _number(attributes.get("time", ""))
        elif name in ("failure", "error", "skipped") and not self._outcome:
            # Some tools report one case as both failed and broken; it is one.
            self._outcome = self._inside = name
            self._message = attributes.get("message", "")[:_LONGEST]
            self._numbers[name] += 1

    def _end(self, name: str) -> None:
        self._depth -= 1
        if name == self._inside:
            self._inside = ""
        if name == "testcase" and self._outcome in ("failure", "error"):
            if len(self._failed) < _KEPT:
                message = self._message.strip()
                self._failed.append(TestFailure(name=self._case, message=message))
            self._outcome = ""

    def _text(self, text: str) -> None:
        if self._inside and len(self._message) < _LONGEST:
            joint = "\n" if self._message and not self._message.endswith("\n") else ""
            self._message = (self._message + joint + text)[:_LONGEST] if text.strip() else (
                self._message
            )  # fmt: skip


def _number(text: str) -> float:
    """Read seconds; some tools write thousands with a comma."""
    try:
        value = float(text.replace(",", ""))
    except ValueError:
        return 0.0
    return value if 0 <= value < 1e7 else 0.0
