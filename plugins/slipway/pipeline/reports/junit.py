"""JUnit reports that steps leave behind -> counts and failures.

The files come from a commit, so they are hostile: one is read at a time, within limits, and a
document type (the way in for entities of any kind) is refused. A report that cannot be read is
said, and never fails a pipeline.
"""

from __future__ import annotations

import tarfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.parsers import expat

from slipway.model.facts import TestCounts, TestFailure
from slipway.model.text.inert import visible
from slipway.pipeline.masking.mask import Masker
from slipway.pipeline.reports.places import place_of_failure
from slipway.pipeline.reports.report_files import LARGEST, Budget, TooMuch, reports_in
from slipway.pipeline.reports.xml_text import xml_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Reports of one run.
_MOST = 200
# Failures that are kept, characters of each message, and elements within each other.
_KEPT, _LONGEST, _DEEPEST = 50, 500, 20
# Characters of a name or message that are looked through for secrets before they are cut.
_LOOKED_AT = 8192


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


class ReportReader:
    """Reads the reports of one pipeline.

    :param mask: knows the secrets; names and messages are masked before they are cut.
    """

    def __init__(self, mask: Masker | None = None) -> None:
        self.complaints: list[str] = []
        self._mask = mask or Masker(())
        self._found: list[TestCounts] = []
        self._budget = Budget()

    def read(self, path: str, stream: Iterator[bytes]) -> None:
        """Read what is at a path of the workspace.

        :param path: for messages.
        :param stream: a tar of it.
        """
        try:
            for name, data in reports_in(stream, self._budget):
                if len(self._found) == _MOST:
                    msg = f"there are more than {_MOST} reports"
                    raise TooMuch(msg)
                self._found.append(self._counts(name, data))
        except TooMuch as error:
            self.complaints.append(f"{path}: {error}; the rest is left out")
        except (tarfile.TarError, ValueError, EOFError) as error:
            self.complaints.append(f"{path} cannot be unpacked: {error}")

    def reports(self) -> Reports:
        """Return what all of it came to."""
        return Reports(_sum(self._found) if self._found else None, self.complaints)

    def _counts(self, name: str, data: bytes | None) -> TestCounts:
        try:
            return read_report(data, self._mask)
        except ReportUnreadable as error:
            self.complaints.append(f"report {name} cannot be read: {error}")
            return TestCounts()


def together(several: Iterable[Reports]) -> Reports:
    """Add up the reports of several pipelines."""
    every = list(several)
    found = [reports.counts for reports in every if reports.counts is not None]
    complaints = [line for reports in every for line in reports.complaints]
    return Reports(_sum(found) if found else None, complaints)


def read_report(data: bytes | None, mask: Masker | None = None) -> TestCounts:
    """Count the test cases of one report.

    :param data: None for one that is too large.
    :param mask: knows the secrets.
    :raises ReportUnreadable: when it is not XML, or not to be trusted.
    """
    if not data:
        msg = "it is empty" if data is not None else f"it is larger than {LARGEST >> 20} MiB"
        raise ReportUnreadable(msg)
    reader = _Reader(mask or Masker(()))
    try:
        reader.parser.Parse(xml_text(data), True)
    except expat.ExpatError as error:
        msg = f"it is not XML ({error})"
        raise ReportUnreadable(msg) from error
    return reader.counts()


def _count_lines(counts: TestCounts) -> Iterator[str]:
    bad = counts.failures + counts.errors
    yield f"{counts.tests} tests, {bad} failed, {counts.skipped} skipped, {counts.seconds:.1f} s"
    for failure in counts.failed:
        yield f"  {visible(failure.name, _LONGEST)}"
        lines = failure.message.splitlines()[:10]
        yield from (f"    {visible(line, _LONGEST)}" for line in lines)
    if bad > len(counts.failed):
        yield f"  ... and {bad - len(counts.failed)} more"


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

    def __init__(self, mask: Masker) -> None:
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True  # or each entity would be a text of its own
        self._mask = mask
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self._depth = 0
        self._case = ""
        self._outcome = ""
        self._message = ""
        self._attributes: dict[str, str] = {}
        self._inside = ""
        self._numbers = {"tests": 0, "failure": 0, "error": 0, "skipped": 0}
        self._seconds = 0.0
        self._failed: list[TestFailure] = []

    def counts(self) -> TestCounts:
        return TestCounts(
            tests=self._numbers["tests"],
            failures=self._numbers["failure"],
            errors=self._numbers["error"],
            skipped=self._numbers["skipped"],
            seconds=round(self._seconds, 3),
            failed=tuple(self._failed),
        )

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
            self._case = ".".join(self._masked(part[:_LOOKED_AT]) for part in parts if part)
            self._outcome = self._message = ""
            self._attributes = attributes
            self._numbers["tests"] += 1
            self._seconds += _number(attributes.get("time", ""))
        elif name in ("failure", "error", "skipped") and not self._outcome:
            # Some tools report one case as both failed and broken; it is one.
            self._outcome = self._inside = name
            self._message = attributes.get("message", "")[:_LOOKED_AT]
            self._numbers[name] += 1

    def _end(self, name: str) -> None:
        self._depth -= 1
        if name == self._inside:
            self._inside = ""
        if name == "testcase" and self._outcome in ("failure", "error"):
            if len(self._failed) < _KEPT:
                self._failed.append(self._failure())
            self._outcome = ""

    def _failure(self) -> TestFailure:
        path, line = place_of_failure(self._attributes, self._message)
        if self._masked(path) != path:
            path, line = "", 0
        return TestFailure(
            name=" ".join(self._shown(self._case).split()),
            message=self._shown(self._message),
            path=path,
            line=line,
        )

    def _text(self, text: str) -> None:
        if self._inside and text.strip() and len(self._message) < _LOOKED_AT:
            joint = "\n" if self._message and not self._message.endswith("\n") else ""
            self._message = (self._message + joint + text)[:_LOOKED_AT]

    def _shown(self, text: str) -> str:
        return self._masked(text)[:_LONGEST].strip()

    def _masked(self, text: str) -> str:
        """Mask what may have been cut, before anything is put behind it."""
        return self._mask(text.strip(), cut_off=len(text) >= _LOOKED_AT)


def _number(text: str) -> float:
    """Read seconds; some tools write thousands with a comma."""
    try:
        value = float(text.replace(",", ""))
    except ValueError:
        return 0.0
    return value if 0 <= value < 1e7 else 0.0
