from __future__ import annotations

import base64
import html
import json

import pytest

from slipway.model.facts import TestCounts, TestFailure
from slipway.pipeline.masking.mask import MASK, Masker
from slipway.pipeline.reports.junit import Reports, ReportUnreadable, read_report, together
from tests.slipway.pipeline.reports.junit.archives import NESTED, read_reports, tar

PYTEST = b"""<?xml version="1.0" encoding="utf-8"?>
<testsuites><testsuite name="pytest" errors="9" tests="9">
<testcase classname="tests.test_a" name="test_one" time="0.5" />
<testcase classname="tests.test_a" name="test_two" time="1,000.25">
<failure message="assert 1 == 2">line one
line two</failure></testcase>
<testcase name="test_three"><skipped message="no"/></testcase>
<testcase name="test_four"><error message="boom"/><failure/></testcase>
</testsuite></testsuites>"""


def test_cases_are_counted_whatever_the_attributes_say() -> None:
    counts = read_report(PYTEST)
    assert (counts.tests, counts.failures, counts.errors, counts.skipped) == (4, 1, 1, 1)
    assert counts.seconds == 1000.75
    assert counts.failed == (
        TestFailure(name="tests.test_a.test_two", message="assert 1 == 2\nline one\nline two"),
        TestFailure(name="test_four", message="boom"),
    )


def test_a_message_with_entities_is_one_text() -> None:
    case = b"<testcase name='a'><failure>1 &lt; 2 &amp;&amp;\n&#51; &gt; 2</failure></testcase>"
    counts = read_report(b"<testsuite>" + case + b"</testsuite>")
    assert counts.failed[0].message == "1 < 2 &&\n3 > 2"


def test_suites_within_suites() -> None:
    assert read_report(NESTED).tests == 2


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "it is empty"),
        (b"<testsuite>", "not XML"),
        (b"<html/>", "begins with <html>"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><testsuite>&a;</testsuite>', "document type"),
        (
            '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE x><testsuite/>'.encode("utf-16"),
            "document type",
        ),
        (b"<testsuite>" * 21 + b"</testsuite>" * 21, "nested"),
    ],
)
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


def test_the_reports_of_several_pipelines_are_added_up() -> None:
    one = Reports(TestCounts(tests=2, failures=1), ["a"])
    both = together([one, Reports(None, ["b"]), one])
    assert (both.counts, both.complaints) == (TestCounts(tests=4, failures=2), ["a", "b", "a"])


ODD = "<testsuite><testcase name='grün'><failure>öde</failure></testcase></testsuite>"


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (ODD.encode("utf-8-sig"), "grün"),
        (ODD.encode("utf-16"), "grün"),
        (ODD.encode("utf-16-le"), "grün"),
        (ODD.encode("utf-16-be"), "grün"),
        (ODD.encode("utf-32"), "grün"),
        (ODD.encode("utf-32-be"), "grün"),
        (b"<?xml version='1.0' encoding='utf-16'?>" + ODD.encode(), "grün"),  # it lies
        (b"<?xml version='1.0' encoding='latin-1'?>" + ODD.encode("latin-1"), "grün"),
        (b"<?xml version='1.0' encoding='cp1252'?>" + ODD.encode("cp1252"), "grün"),
        (b"<?xml version='1.0' encoding='cp037'?>" + ODD.encode(), "grün"),
        (
            b"<?xml version='1.0' encoding='shift_jis'?>"
            + ODD.replace("ü", "").encode("ascii", "ignore"),
            "grn",
        ),
        (b"<?xml version='1.0' encoding='no-such'?>" + ODD.encode(), "grün"),
        (b"<?xml version='1.0' encoding='punycode'?>" + ODD.encode(), "grün"),
        (b"<?xml version='1.0' encoding='rot13'?>" + ODD.encode(), "grün"),
        (b"<?xml version='1.0' encoding='zlib'?>" + ODD.encode(), "grün"),
        (b"<?xml version='1.0' encoding='ascii'?>" + ODD.encode(), "grün"),
        (b"<?xml version='1.1'?>\n" + ODD.encode(), "grün"),
        (ODD.encode("latin-1"), "gr\N{REPLACEMENT CHARACTER}n"),
        (ODD.replace("ü", "\0\x01").encode(), "gr" + 2 * "\N{REPLACEMENT CHARACTER}" + "n"),
        (
            ODD.replace("ü", "x").encode().replace(b"x", b"\xed\xa0\x80"),
            "gr" + 3 * "\N{REPLACEMENT CHARACTER}" + "n",
        ),
    ],
)
def test_a_report_is_counted_whatever_encoding_it_has_or_says(data: bytes, name: str) -> None:
    counts = read_report(data)
    assert (counts.tests, counts.failures) == (1, 1)
    assert counts.failed[0].name == name
    json.dumps(counts.to_json()).encode()
    name.encode()


def test_utf_7_is_no_way_round_the_refusal_of_a_document_type() -> None:
    data = b"<?xml version='1.0' encoding='utf-7'?>+ADwAIQ-DOCTYPE x+AD4-<testsuite/>"
    with pytest.raises(ReportUnreadable, match="document type"):
        read_report(data)


def test_a_report_whose_file_name_is_no_text_is_counted() -> None:
    data = tar(**{"gr\udcfcn.xml": NESTED, "line\nbreak.xml": b"<html/>", "x\udcff.xml": b""})
    reports = read_reports({"out": data})
    assert reports.counts is not None
    assert reports.counts.tests == 2
    mark = "\N{REPLACEMENT CHARACTER}"
    assert reports.complaints == [
        f"report line{mark}break.xml cannot be read: it begins with <html>, not with <testsuites>",
        f"report x{mark}.xml cannot be read: it is empty",
    ]
    "\n".join(reports.lines()).encode()


def test_secrets_in_a_report_are_masked_before_anything_is_cut() -> None:
    secret, key = "tok-5f3a9c77", "-----BEGIN-----\nabcdefghijkl\nmnopqrstuvw\n-----END-----"
    encoded = base64.b64encode(f"a:{secret}".encode()).decode()
    shown = [
        f"token {secret}",
        html.escape(f"<{encoded}>"),
        encoded[:7] + "\n" + encoded[7:],
        key,
        "".join(f"&#x{ord(one):x};" for one in secret),
        "." * 495 + secret,
        "." * 8185 + secret,
    ]
    cases = "".join(
        f"<testcase classname='{secret}' name='c'><failure>{text}</failure></testcase>"
        f"<testcase name='{secret} d'><error message='{html.escape(text)}'/></testcase>"
        for text in shown
    )
    data = f"<testsuite>{cases}</testsuite>".encode()
    reports = read_reports({"r": tar(r_xml=data)}, Masker([secret, key]))
    assert reports.counts is not None
    stored = json.dumps(reports.counts.to_json()) + "\n".join(reports.lines())
    assert len(reports.counts.failed) == 2 * len(shown)
    assert MASK in stored
    for hidden in ("tok-5", "5f3a9c77", encoded[4:12], encoded[9:], "abcdefgh", "mnopqrst"):
        assert hidden not in stored


def test_a_secret_in_a_long_name_that_is_cut_is_not_shown_by_what_is_put_behind_it() -> None:
    secret = "ghp_Zk3v9QxT7mLw2Rb8Nc5Yd1Hs4Jf6Pg0Va"
    escaped = "".join(f"\\u{ord(character):04x}" for character in secret)
    name = escaped * (8000 // len(escaped))
    name += "-" * (8192 - len(name) - 35) + secret[:35] + "and more"
    report = f'<testsuite><testcase classname="{name}" name="x"><failure/></testcase></testsuite>'
    (failed,) = read_report(report.encode(), Masker([secret])).failed
    assert secret[:20] not in failed.name


def test_what_a_test_is_called_turns_nothing_around_in_the_log() -> None:
    case = '<testcase name="ok\u202etxt\u200b"><failure message="a\u2066b"/></testcase>'
    counts = read_report(f"<testsuite>{case}</testsuite>".encode())
    lines = list(Reports(counts).lines())
    assert lines[1:] == ["  ok<U+202E>txt<U+200B>", "    a<U+2066>b"]
