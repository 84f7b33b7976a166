"""Reports that somebody made to do harm: huge, many, or of any bytes."""

from __future__ import annotations

import contextlib
import json
import tarfile
import tracemalloc
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.model.facts import TestCounts
from slipway.pipeline.reports import junit, report_files
from slipway.pipeline.reports.junit import ReportReader, ReportUnreadable, read_report
from tests.slipway.pipeline.reports.junit.archives import NESTED, read_reports, tar

if TYPE_CHECKING:
    from collections.abc import Iterator


def zeros(size: int, name: str = "zeros.xml") -> Iterator[bytes]:
    """What the engine sends for a sparse file: a tar in pieces, never whole in memory."""
    member = tarfile.TarInfo(name)
    member.size = size
    yield member.tobuf()
    piece = bytes(1 << 16)
    for _ in range(size >> 16):
        yield piece
    yield bytes(1024)


@pytest.mark.parametrize("name", ["zeros.xml", "zeros.txt"])
def test_gigabytes_of_zeros_cost_neither_memory_nor_the_run(name: str) -> None:
    reader = ReportReader()
    stream = zeros(8 << 30, name)
    tracemalloc.start()
    reader.read("out", stream)
    assert tracemalloc.get_traced_memory()[1] < 4 << 20
    tracemalloc.stop()
    (complaint,) = [one for one in reader.reports().complaints if one.startswith("out")]
    assert complaint == (
        "out: all that is kept for reports is larger than 64 MiB; the rest is left out"
    )


def test_a_report_of_zeros_is_refused_by_its_size() -> None:
    reader = ReportReader()
    reader.read("out", zeros(16 << 20))
    assert reader.reports().complaints == [
        "report zeros.xml cannot be read: it is larger than 8 MiB"
    ]


def test_all_paths_of_a_pipeline_share_one_limit() -> None:
    reader = ReportReader()
    for path in "abc":
        reader.read(path, zeros(30 << 20))
    assert [one.partition(":")[0] for one in reader.reports().complaints][-1] == "c"


def test_more_reports_or_files_than_are_read_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(junit, "_MOST", 2)
    reports = read_reports({"out": tar(a_xml=NESTED, b_xml=NESTED, c_xml=NESTED)})
    assert reports.counts is not None
    assert reports.counts.tests == 4
    assert reports.complaints == ["out: there are more than 2 reports; the rest is left out"]
    monkeypatch.setattr(report_files, "MOST_FILES", 1)
    assert read_reports({"out": tar(a_txt=b"", b_txt=b"")}).complaints == [
        "out: it has more than 1 files; the rest is left out"
    ]


def test_a_report_of_many_cases_keeps_few() -> None:
    case = (
        b"<testcase name='" + b"n" * 5000 + b"'><failure>" + b"m" * 5000 + b"</failure></testcase>"
    )
    counts = read_report(b"<testsuite>" + case * 500 + b"</testsuite>")
    assert counts.tests == 500
    assert len(json.dumps(counts.to_json())) < 60_000


@given(st.binary(max_size=600))
def test_any_bytes_are_unpacked_or_complained_about(data: bytes) -> None:
    read_reports({"x": data})
    read_reports({"x": tar(a_xml=NESTED)[:512] + data})


@given(
    st.lists(
        st.sampled_from(
            [
                b"<testsuite>",
                b"</testsuite>",
                b"<testcase name='a'>",
                b"x",
                b"</testcase>",
                b"<failure>",
                b"</failure>",
                b"&#0;",
                b"&lt;",
                b"<!--",
                b"-->",
                b"<![CDATA[",
                b"]]>",
            ]
        )
        | st.binary(max_size=4),
        max_size=20,
    ).map(b"".join)
)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(ReportUnreadable):
        assert isinstance(read_report(data), TestCounts)
