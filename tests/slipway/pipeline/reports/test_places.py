"""Where a test failed, as the tools of several languages write it."""

from __future__ import annotations

import time

import pytest

from slipway.pipeline.masking.mask import Masker
from slipway.pipeline.reports.junit import read_report
from slipway.pipeline.reports.places import inside, place_of_failure

PYTEST = """\
def test_sum():
>       assert add(1, 2) == 4

tests/test_sum.py:7:
_ _ _
/usr/lib/python3.11/site-packages/x.py:99: in call
shop/add.py:3: ValueError
"""


@pytest.mark.parametrize(
    ("attributes", "text", "place"),
    [
        ({}, PYTEST, ("tests/test_sum.py", 7)),
        ({"file": "tests/test_sum.py", "line": "5"}, PYTEST, ("tests/test_sum.py", 7)),
        ({"file": "spec/a_spec.rb", "line": "12"}, "expected 1", ("spec/a_spec.rb", 12)),
        ({"file": "/drone/src/src/A.php", "line": "x"}, "", ("src/A.php", 0)),
        ({}, "    database_test.go:33: got 1", ("database_test.go", 33)),
        ({}, 'File "/drone/src/test_a.py", line 12, in test', ("test_a.py", 12)),
        ({}, "at Object.<anonymous> (/drone/src/web/a.test.js:10:5)", ("web/a.test.js", 10)),
        ({}, "at com.acme.ATest.x(ATest.java:42)", ("", 0)),
        ({}, "at (/drone/src/node_modules/a/test.js:1:1)", ("", 0)),
        ({}, "connect to db.example.com:5432 failed", ("", 0)),
        ({}, "nothing", ("", 0)),
    ],
)
def test_a_failure_is_found_in_its_file(
    attributes: dict[str, str], text: str, place: tuple[str, int]
) -> None:
    assert place_of_failure(attributes, text) == place


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "../../etc/passwd",
        "a/../../b.py",
        "a\nb.py",
        "\u202ea.py",
        "",
        ".",
        "x" * 301,
    ],
)
def test_a_path_that_leads_elsewhere_is_none(path: str) -> None:
    assert inside(path) == ""


def test_a_report_says_where_its_tests_failed_and_no_secret() -> None:
    xml = """<testsuite>
      <testcase classname="t" name="a"><failure>tests/test_a.py:3: x</failure></testcase>
      <testcase classname="t" name="b" file="hunter2hunter2/b.py"><failure/></testcase>
      <testcase classname="t" name="c" file="c.py"/>
    </testsuite>"""
    counts = read_report(xml.encode(), Masker(["hunter2hunter2"]))
    assert [(one.path, one.line) for one in counts.failed] == [("tests/test_a.py", 3), ("", 0)]


def test_a_hostile_text_takes_no_time() -> None:
    began = time.monotonic()
    for text in ("a." * 4096, "a/" * 4096, "a.b:" * 2048, ("x" * 199 + ".y") * 40):
        place_of_failure({}, text)
    assert time.monotonic() - began < 20
