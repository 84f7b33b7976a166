from __future__ import annotations

import contextlib
import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.facts import TestCounts, TestFailure
from slipway.pipeline.junit import ReportUnreadable, read_report, read_reports

PYTEST = b"""<?xml version="1.0" encoding="utf-8"?>
<testsuites><testsuite name="pytest" errors="9" tests="9">
<testcase classname="tests.test_a" name="test_one" time="0.5" />
<testcase classname="tests.test_a" name="test_two" time="1,000.25">
<failure message="assert 1 == 2">line one
line two</failure></testcase>
<testcase name="test_three"><skipped message="no"/></testcase>
<testcase name="test_four"><error message="boom"/><failure/></testcase>
</testsuite></testsuites>"""
NESTED = b'<testsuite><testsuite><testcase name="a"/></testsuite><testcase name="b"/></testsuite>'


def tar(**files: bytes) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name.replace("_", "."))
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        link = tarfile.TarInfo("link.xml")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return data.getvalue()


def test_cases_are_counted_whatever_the_attributes_say() -> None:
    counts = read_report(PYTEST)
    assert (counts.tests, counts.failures, counts.errors, counts.skipped) == (4, 1, 1, 1)
    assert counts.seconds == 1000.75
    assert counts.failed == (
        TestFailure(name="tests.test_a.test_two", message="assert 1 == 2\nline one\nline two"),
        TestFailure(name="test_four", message="boom"),
    )


def test_suites_within_suites() -> None:
    assert read_report(NESTED).tests == 2


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "not XML"),
        (b"<testsuite>", "not XML"),
        (b"<html/>", "begins with <html>"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><testsuite>&a;</testsuite>', "document type"),
        ('<?xml version="1.0" encoding="utf-16"?><!DOCTYPE x><testsuite/>'.encode("utf-16"),
         "document type"),
        (b"<testsuite>" * 21 + b"</testsuite>" * 21, "nested"),
    ],
)  # fmt: skip
def test_what_is_no_report_is_refused(data: bytes, says: str) -> None:
    with pytest.raises(ReportUnreadable, match=says):
        read_report(data)


def test_several_reports_are_added_up_and_bad_ones_are_said() -> None:
    collected = {
        "report.xml": tar(report_xml=PYTEST),
        "reports": tar(a_xml=NESTED, b_xml=b"<html/>", c_txt=b"text"),
        "broken": b"no tar",
    }
    reports = read_reports(collected)
    assert reports.counts is not None
    assert reports.counts.tests == 6
    assert [line.partition(" can")[0] for line in reports.complaints] == ["report b.xml", "broken"]
    lines = list(reports.lines())
    assert "6 tests, 2 failed, 1 skipped, 1000.8 s" in lines
    assert "  tests.test_a.test_two" in lines


def test_nothing_left_is_nothing_counted() -> None:
    assert read_reports({}).counts is None
    assert read_reports({"x": tar()}).counts is None


@given(st.lists(st.sampled_from([b"<testsuite>", b"</testsuite>", b"<testcase name='a'>", b"x",
       b"</testcase>", b"<failure>", b"</failure>", b"&#0;", b"&lt;", b"<!--", b"-->",
       b"<![CDATA[", b"]]>"]) | st.binary(max_size=4), max_size=20).map(b"".join))  # fmt: skip
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(ReportUnreadable):
        assert isinstance(read_report(data), TestCounts)
