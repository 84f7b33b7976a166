"""What each host is told of a commit, and what becomes of its answers."""

from __future__ import annotations

import base64
import json
import logging
import time
from collections.abc import Iterator
from email.utils import formatdate
from typing import Any

import pytest

from slipway.exceptions import ForgeRefused, ForgeUnavailable
from slipway.hooks.forge import base
from slipway.hooks.forge.connection import open_forge
from slipway.model.forge.place import ForgeKind, ForgePlace
from slipway.model.forge.status import (
    Annotation,
    CommitStatus,
    StatusState,
    TestSummary,
    status_key,
)
from tests.forges.stand_in import Reply, StandIn, stand_in

SHA = "3f2a1b7c9d0e1f2a3b4c5d6e7f8091a2b3c4d5e6"
TOKEN = "ATCTT3xFfGN0-secret-token"
PAGE = "https://ci.example.com/dags/shop/runs/r/tasks/test"


@pytest.fixture
def host() -> Iterator[StandIn]:
    with stand_in() as one:
        yield one


@pytest.fixture(autouse=True)
def connection(monkeypatch: pytest.MonkeyPatch) -> None:
    connect(monkeypatch, password=TOKEN)


def connect(monkeypatch: pytest.MonkeyPatch, **fields: Any) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_HOST", json.dumps({"conn_type": "generic", **fields}))


def place(host: StandIn, kind: ForgeKind, path: str = "acme/shop") -> ForgePlace:
    return ForgePlace(kind=kind, server=host.url, path=path, connection="host")


def status(**fields: Any) -> CommitStatus:
    known: dict[str, Any] = {
        "project": "shop",
        "sha": SHA,
        "stage": "test",
        "state": StatusState.SUCCESSFUL,
        "text": "142 tests, 3.1 s",
        "url": PAGE,
        "branch": "main",
    }
    return CommitStatus(**{**known, **fields})


def tell(host: StandIn, kind: ForgeKind, path: str = "acme/shop", **fields: Any) -> Any:
    open_forge(place(host, kind, path)).set_status(status(**fields))
    return host.requests[-1].body


@pytest.mark.parametrize(
    ("kind", "path", "asked", "words"),
    [
        (
            ForgeKind.BITBUCKET,
            "acme/shop",
            f"/2.0/repositories/acme/shop/commit/{SHA}/statuses/build",
            ["INPROGRESS", "SUCCESSFUL", "FAILED", "STOPPED"],
        ),
        (
            ForgeKind.BITBUCKET_SERVER,
            "SHOP/shop",
            f"/rest/api/latest/projects/SHOP/repos/shop/commits/{SHA}/builds",
            ["INPROGRESS", "SUCCESSFUL", "FAILED", "CANCELLED"],
        ),
        (
            ForgeKind.GITHUB,
            "acme/shop",
            f"/api/v3/repos/acme/shop/statuses/{SHA}",
            ["pending", "success", "failure", "error"],
        ),
        (
            ForgeKind.GITLAB,
            "acme/web/shop",
            f"/api/v4/projects/acme%2Fweb%2Fshop/statuses/{SHA}",
            ["running", "success", "failed", "canceled"],
        ),
        (
            ForgeKind.GITEA,
            "acme/shop",
            f"/api/v1/repos/acme/shop/statuses/{SHA}",
            ["pending", "success", "failure", "error"],
        ),
    ],
)
def test_each_host_has_its_own_words(
    host: StandIn, kind: ForgeKind, path: str, asked: str, words: list[str]
) -> None:
    told = [tell(host, kind, path, state=state)["state"] for state in StatusState]
    assert told == words
    assert {request.path for request in host.requests} == {asked}


def test_bitbucket_is_told_all_that_it_shows(host: StandIn) -> None:
    assert tell(host, ForgeKind.BITBUCKET) == {
        "key": "slipway/test",
        "name": "slipway/test",
        "state": "SUCCESSFUL",
        "description": "142 tests, 3.1 s",
        "url": PAGE,
        "refname": "main",
    }
    assert host.requests[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_a_personal_repository_of_data_center_keeps_its_tilde(host: StandIn) -> None:
    tell(host, ForgeKind.BITBUCKET_SERVER, "~ann/shop")
    assert "/projects/~ann/repos/shop/" in host.requests[0].path


def test_data_center_before_7_4_is_told_by_its_old_endpoint(host: StandIn) -> None:
    host.script = [Reply(status=404, body=b"<html>no such page</html>")]
    body = tell(host, ForgeKind.BITBUCKET_SERVER, "SHOP/shop", state=StatusState.STOPPED)
    assert host.requests[-1].path == f"/rest/build-status/1.0/commits/{SHA}"
    assert (body["state"], "ref" in body) == ("FAILED", False)


def test_a_long_name_of_an_environment_has_a_key_that_bitbucket_takes(host: StandIn) -> None:
    body = tell(host, ForgeKind.BITBUCKET, stage="a" * 41)
    assert len(body["key"]) == 40
    assert status_key("a" * 40 + "b") != status_key("a" * 40 + "c")
    assert status_key("dev") == "slipway/dev"


@pytest.mark.parametrize(
    "url", ["", "http://localhost:8080/dags/shop", "http://airflow:8080/dags/shop"]
)
def test_bitbucket_is_given_a_page_that_it_takes(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    server = "https://api.bitbucket.org"
    sent: list[Any] = []
    monkeypatch.setattr(base.Forge, "send", lambda *words: sent.append(words[-1]))
    at = ForgePlace(kind=ForgeKind.BITBUCKET, server=server, path="acme/shop", connection="host")
    open_forge(at).set_status(status(url=url))
    assert sent[0]["url"] == f"https://bitbucket.org/acme/shop/commits/{SHA}"


def test_what_stands_in_for_bitbucket_here_leads_to_airflow_here(host: StandIn) -> None:
    url = "http://localhost:8080/dags/shop"
    host.script = [Reply(status=201, body={})]
    assert tell(host, ForgeKind.BITBUCKET, url=url)["url"] == url


@pytest.mark.parametrize(
    ("kind", "most"),
    [(ForgeKind.BITBUCKET, 255), (ForgeKind.GITHUB, 140), (ForgeKind.GITLAB, 255)],
)
def test_a_hostile_text_is_cut_and_shown_as_text(host: StandIn, kind: ForgeKind, most: int) -> None:
    body = tell(host, kind, text="a\u202eb\x1b[31m\0" + "x" * 5000 + "\nsecond line")
    assert body["description"].startswith("a<U+202E>b<U+001B>[31m<U+0000>x")
    assert len(body["description"]) <= most
    assert "second" not in body["description"]


def test_an_api_token_is_shown_with_its_owners_address(
    host: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = "ATATT3xFfGF0-api"
    basic = base64.b64encode(f"ann@example.com:{token}".encode()).decode()
    user = "x-bitbucket-api-token-auth"
    for fields in (
        {"login": "ann@example.com"},
        {"login": user, "extra": {"email": "ann@example.com"}},
        {"extra": {"email": "ann@example.com", "private_key": "..."}},
    ):
        connect(monkeypatch, password=token, **fields)
        tell(host, ForgeKind.BITBUCKET)
        assert host.requests[-1].headers["authorization"] == f"Basic {basic}"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"password": "ATBBabcdef", "login": "ann"}, "holds an app password"),
        ({"password": "ATATT3xFf"}, "without its owner's e-mail address"),
        ({"login": "ann"}, "has no token"),
    ],
)
def test_a_login_that_cannot_be_right_is_not_shown_to_anybody(
    host: StandIn, monkeypatch: pytest.MonkeyPatch, fields: dict[str, Any], words: str
) -> None:
    connect(monkeypatch, **fields)
    with pytest.raises(ForgeRefused, match=words):
        tell(host, ForgeKind.BITBUCKET)
    assert host.requests == []


def test_no_connection_is_said_by_its_name(host: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_HOST")
    with pytest.raises(ForgeRefused, match="no connection 'host'"):
        tell(host, ForgeKind.BITBUCKET)


@pytest.mark.parametrize(
    ("password", "login", "words"),
    [
        ("wrong-token", "", "shown as an access token. For an API token put"),
        ("wrong-token", "ann@example.com", "shown as an API token of ann@example.com"),
    ],
)
def test_a_token_in_the_wrong_role_is_told_which_one_it_had(
    monkeypatch: pytest.MonkeyPatch, password: str, login: str, words: str
) -> None:
    connect(monkeypatch, password=password, login=login)
    with stand_in(authorization="Bearer other") as one, pytest.raises(ForgeRefused) as caught:
        tell(one, ForgeKind.BITBUCKET)
    assert "answers 401 for acme/shop: Bad token" in caught.value.message
    assert words in caught.value.advice
    assert password not in str(caught.value)


def test_a_repository_token_of_data_center_beside_a_name_is_told_its_role(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connect(monkeypatch, password="t0ken", login="ann")
    with stand_in(authorization="Bearer t0ken") as one:
        with pytest.raises(ForgeRefused, match="leave the connection's login empty"):
            tell(one, ForgeKind.BITBUCKET_SERVER, "SHOP/shop")
        connect(monkeypatch, password="t0ken")
        tell(one, ForgeKind.BITBUCKET_SERVER, "SHOP/shop")


@pytest.mark.parametrize(
    ("code", "words"), [(403, "Repositories: Write"), (404, "no acme/shop with this commit")]
)
def test_a_refusal_says_what_the_token_needs(host: StandIn, code: int, words: str) -> None:
    host.script = [Reply(status=code, body={"error": {"message": "no"}})]
    with pytest.raises(ForgeRefused) as caught:
        tell(host, ForgeKind.BITBUCKET)
    assert words in caught.value.advice


def test_a_host_that_repeats_the_token_does_not_bring_it_into_a_log(host: StandIn) -> None:
    host.script = [Reply(status=400, body={"error": {"message": f"bad {TOKEN}\n\x1b[2J" * 99}})]
    with pytest.raises(ForgeRefused) as caught:
        tell(host, ForgeKind.BITBUCKET)
    assert TOKEN not in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert len(caught.value.message) < 1000


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [
        ({"Retry-After": "120"}, 120, 120),
        ({"Retry-After": formatdate(time.time() + 1800, usegmt=True)}, 900, 1801),
        ({"Retry-After": "999999999"}, 3600, 3600),
        ({"Retry-After": "soon"}, 1, 1),
        ({"Retry-After": "-5"}, 1, 1),
        (
            {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time()) + 1800)},
            900,
            1801,
        ),
        ({}, 0, 0),
    ],
)
def test_a_host_says_for_how_long_it_wants_to_be_left_alone(
    host: StandIn, headers: dict[str, str], least: float, most: float
) -> None:
    host.script = [Reply(status=429, headers=headers)]
    with pytest.raises(ForgeUnavailable) as caught:
        tell(host, ForgeKind.BITBUCKET)
    assert least <= caught.value.retry_after <= most


def test_githubs_second_limit_is_no_refusal(host: StandIn) -> None:
    host.script = [Reply(status=403, headers={"Retry-After": "60"})]
    with pytest.raises(ForgeUnavailable, match="too many requests"):
        tell(host, ForgeKind.GITHUB)


@pytest.mark.parametrize("code", [500, 502, 503, 504, 408])
def test_a_host_in_trouble_may_be_well_later(host: StandIn, code: int) -> None:
    host.script = [Reply(status=code, body=b"<html>")]
    with pytest.raises(ForgeUnavailable, match=f"answers {code}"):
        tell(host, ForgeKind.BITBUCKET)


@pytest.mark.parametrize(
    "reply", [Reply(wait=20.0), Reply(body=b'{"a": "' + b"x" * 200 + b'"}', trickle=0.1)]
)
def test_a_slow_host_is_not_waited_for(
    host: StandIn, monkeypatch: pytest.MonkeyPatch, reply: Reply
) -> None:
    monkeypatch.setattr(base, "DEADLINE", 0.5)
    host.script = [reply]
    began = time.monotonic()
    with pytest.raises(ForgeUnavailable, match=r"does not answer within 0\.5 s"):
        tell(host, ForgeKind.BITBUCKET)
    assert time.monotonic() - began < 10


def test_nobody_listens(host: StandIn) -> None:
    host.url = "http://127.0.0.1:1"
    with pytest.raises(ForgeUnavailable, match="does not answer: ConnectError"):
        tell(host, ForgeKind.BITBUCKET)


@pytest.mark.parametrize("body", [b"<html>log in</html>", b"[" * 100_000, b"\xff\xfe"])
def test_a_page_for_logging_in_is_no_success(host: StandIn, body: bytes) -> None:
    host.script = [Reply(status=200, body=body)]
    with pytest.raises(ForgeRefused, match="no JSON"):
        tell(host, ForgeKind.BITBUCKET)


def test_a_token_follows_no_redirect(host: StandIn) -> None:
    with stand_in() as other:
        host.script = [Reply(status=307, headers={"Location": f"{other.url}/2.0/"})]
        with pytest.raises(ForgeRefused, match="another address"):
            tell(host, ForgeKind.BITBUCKET)
        assert other.requests == []


def test_gitlab_keeps_a_state_that_it_has(host: StandIn) -> None:
    said = {"message": "Cannot transition status via :run from :running (Reason(s): ...)"}
    host.script = [Reply(status=400, body=said)]
    tell(host, ForgeKind.GITLAB, state=StatusState.IN_PROGRESS)
    host.script = [Reply(status=400, body={"message": {"name": ["is too long"]}})]
    with pytest.raises(ForgeRefused, match="answers 400"):
        tell(host, ForgeKind.GITLAB)


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
