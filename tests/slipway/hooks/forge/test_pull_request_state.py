"""What each host says of a pull request that is not listed as open any more."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from slipway.exceptions import ForgeRefused, ForgeUnavailable
from slipway.hooks.forge.connection import open_forge
from slipway.model.forge.place import ForgeKind, ForgePlace
from slipway.model.forge.pull_request import PullRequestState
from tests.forges.stand_in import Reply, StandIn, stand_in

OPEN, MERGED = PullRequestState.OPEN, PullRequestState.MERGED
DECLINED, CLOSED = PullRequestState.DECLINED, PullRequestState.CLOSED
PATHS = {
    ForgeKind.BITBUCKET: "/2.0/repositories/acme/shop/pullrequests/7",
    ForgeKind.BITBUCKET_SERVER: "/rest/api/latest/projects/acme/repos/shop/pull-requests/7",
    ForgeKind.GITHUB: "/api/v3/repos/acme/shop/pulls/7",
    ForgeKind.GITLAB: "/api/v4/projects/acme%2Fshop/merge_requests/7",
    ForgeKind.GITEA: "/api/v1/repos/acme/shop/pulls/7",
}
KINDS = pytest.mark.parametrize("kind", list(ForgeKind))


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    monkeypatch.setenv("AIRFLOW_CONN_HOST", json.dumps({"conn_type": "generic", "password": "t"}))
    with stand_in() as one:
        yield one


def asked(host: StandIn, kind: ForgeKind, reply: Reply) -> PullRequestState:
    host.script = [reply]
    place = ForgePlace(kind=kind, server=host.url, path="acme/shop", connection="host")
    found = open_forge(place).pull_request_state(7)
    assert [one.path for one in host.requests] == [PATHS[kind]]
    return found


@pytest.mark.parametrize(
    ("kind", "said", "state"),
    [
        (ForgeKind.BITBUCKET, {"state": "OPEN"}, OPEN),
        (ForgeKind.BITBUCKET, {"state": "MERGED"}, MERGED),
        (ForgeKind.BITBUCKET, {"state": "DECLINED"}, DECLINED),
        (ForgeKind.BITBUCKET, {"state": "SUPERSEDED"}, DECLINED),
        (ForgeKind.BITBUCKET_SERVER, {"state": "OPEN", "open": True}, OPEN),
        (ForgeKind.BITBUCKET_SERVER, {"state": "MERGED", "closed": True}, MERGED),
        (ForgeKind.BITBUCKET_SERVER, {"state": "DECLINED", "closed": True}, DECLINED),
        (ForgeKind.GITHUB, {"state": "open", "merged": False, "merged_at": None}, OPEN),
        (ForgeKind.GITHUB, {"state": "closed", "merged": True}, MERGED),
        (ForgeKind.GITHUB, {"state": "closed", "merged": False, "merged_at": None}, CLOSED),
        (ForgeKind.GITLAB, {"state": "opened"}, OPEN),
        (ForgeKind.GITLAB, {"state": "locked", "merged_at": None}, OPEN),
        (ForgeKind.GITLAB, {"state": "merged", "merged_at": "2026-11-27T08:00:00Z"}, MERGED),
        (ForgeKind.GITLAB, {"state": "closed", "merged_at": None}, CLOSED),
        (ForgeKind.GITEA, {"state": "open", "merged": False}, OPEN),
        (ForgeKind.GITEA, {"state": "closed", "merged": True}, MERGED),
        (ForgeKind.GITEA, {"state": "closed", "merged": False}, CLOSED),
    ],
)
def test_each_host_says_it_in_its_own_words(
    host: StandIn, kind: ForgeKind, said: dict[str, Any], state: PullRequestState
) -> None:
    assert asked(host, kind, Reply(body={"title": "merged", **said})) is state


@KINDS
def test_one_that_was_deleted_is_gone(host: StandIn, kind: ForgeKind) -> None:
    assert asked(host, kind, Reply(status=404, body={})) is PullRequestState.GONE


@KINDS
@pytest.mark.parametrize("body", [{}, {"state": 7}, {"state": "odd", "merged": "yes"}, [1]])
def test_what_nobody_understands_ends_nothing(host: StandIn, kind: ForgeKind, body: Any) -> None:
    assert asked(host, kind, Reply(body=body)) is OPEN


@KINDS
def test_a_host_that_does_not_say_is_no_answer(host: StandIn, kind: ForgeKind) -> None:
    with pytest.raises(ForgeUnavailable):
        asked(host, kind, Reply(status=429, headers={"Retry-After": "90"}))
    host.requests.clear()
    with pytest.raises(ForgeRefused):
        asked(host, kind, Reply(status=403, body={}))
    host.requests.clear()
    with pytest.raises(ForgeRefused):
        asked(host, kind, Reply(body=b"<html>log in</html>"))
