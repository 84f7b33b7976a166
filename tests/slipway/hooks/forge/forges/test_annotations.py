"""Failed tests are shown where a host has a place for them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from slipway.hooks.forge.connection import open_forge
from slipway.model.forge.place import ForgeKind
from slipway.model.forge.status import Annotation, StatusState, TestSummary
from tests.forges.stand_in import Reply, StandIn
from tests.slipway.hooks.forge.forges import hosts
from tests.slipway.hooks.forge.forges.hosts import SHA, TOKEN, place, status, tell

if TYPE_CHECKING:
    import pytest

connection, host = hosts.connection, hosts.host


def failing(number: int) -> TestSummary:
    one = Annotation(path="tests/test_a.py", line=12, title="test_a", text="assert 1 == 2")
    return TestSummary(
        tests=142, failed=number, skipped=0, seconds=3.1, annotations=(one,) * number
    )


def test_failed_tests_are_annotations_of_bitbucket(host: StandIn) -> None:
    forge = open_forge(place(host, ForgeKind.BITBUCKET))
    forge.show_tests(status(state=StatusState.FAILED), failing(150))
    report = f"/2.0/repositories/acme/shop/commit/{SHA}/reports/shop-slipway-test"
    asked = [(one.method, one.path) for one in host.requests]
    assert asked == [
        ("DELETE", report),
        ("PUT", report),
        ("POST", f"{report}/annotations"),
        ("POST", f"{report}/annotations"),
    ]
    put, some, rest = (one.body for one in host.requests[1:])
    assert (put["report_type"], put["result"]) == ("TEST", "FAILED")
    assert {one["title"]: one["value"] for one in put["data"]}["Failed"] == 150
    assert (len(some), len(rest)) == (100, 50)
    assert (some[0]["path"], some[0]["line"]) == ("tests/test_a.py", 12)
    assert len({one["external_id"] for one in some + rest}) == 150


def test_failed_tests_are_annotations_of_data_center(host: StandIn) -> None:
    forge = open_forge(place(host, ForgeKind.BITBUCKET_SERVER, "SHOP/shop"))
    forge.show_tests(status(state=StatusState.FAILED), failing(1))
    put, _, post = host.requests
    assert put.path.startswith("/rest/insights/latest/projects/SHOP/repos/shop/commits/")
    assert put.body["result"] == "FAIL"
    assert post.body["annotations"][0]["line"] == 12


def test_failed_tests_are_a_check_of_github_where_the_token_may(host: StandIn) -> None:
    forge = open_forge(place(host, ForgeKind.GITHUB))
    forge.show_tests(status(state=StatusState.FAILED), failing(1))
    body = host.requests[0].body
    assert body["output"]["annotations"][0]["start_line"] == 12
    assert body["conclusion"] == "failure"
    host.script = [Reply(status=403, body={"message": "Resource not accessible"})]
    forge.show_tests(status(state=StatusState.FAILED), failing(1))


def test_nothing_of_it_is_in_a_log(host: StandIn, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        tell(host, ForgeKind.BITBUCKET)
    assert TOKEN not in caplog.text
