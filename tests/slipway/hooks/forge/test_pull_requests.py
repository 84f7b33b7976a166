"""The pull requests that each host tells of, and what becomes of answers that are none."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from slipway.exceptions import ForgeRefused, ForgeUnavailable
from slipway.hooks.forge import base, pull_requests
from slipway.hooks.forge.connection import open_forge
from slipway.hooks.forge.pull_requests import PER_PAGE
from slipway.model.forge.place import ForgeKind, ForgePlace
from slipway.model.forge.pull_request import PullRequest, head_ref
from tests.forges.stand_in import Reply, Request, StandIn, stand_in

SHA = "3f2a1b7c9d0e1f2a3b4c5d6e7f8091a2b3c4d5e6"
TOKEN = "ATCTT3xFfGN0-secret-token"
TITLE = "$(id) {{ 7*7 }} \u202e"


@pytest.fixture
def host() -> Iterator[StandIn]:
    with stand_in() as one:
        yield one


@pytest.fixture(autouse=True)
def connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_HOST", json.dumps({"conn_type": "generic", "password": TOKEN}))


def cloud(number: int = 7, *, sha: str = SHA[:12], source: Any = "{own}") -> dict[str, Any]:
    repository = {"uuid": source, "full_name": "mallory/shop"} if source else None
    return {
        "id": number,
        "title": TITLE,
        "draft": True,
        "author": {"display_name": "Ann"},
        "source": {
            "branch": {"name": "topic"},
            "commit": {"hash": sha},
            "repository": repository,
        },
        "destination": {"branch": {"name": "main"}, "repository": {"uuid": "{own}"}},
    }


def center(number: int = 7, *, source: int = 1) -> dict[str, Any]:
    return {
        "id": number,
        "title": TITLE,
        "author": {"user": {"displayName": "Ann"}},
        "fromRef": {
            "id": "refs/heads/topic",
            "latestCommit": SHA,
            "repository": {"id": source},
        },
        "toRef": {"id": "refs/heads/main", "repository": {"id": 1}},
    }


def github(number: int = 7, *, source: Any = 1) -> dict[str, Any]:
    return {
        "number": number,
        "title": TITLE,
        "user": {"login": "ann"},
        "head": {"ref": "topic", "sha": SHA, "repo": {"id": source} if source else None},
        "base": {"ref": "main", "repo": {"id": 1}},
    }


def gitlab(number: int = 7, *, source: int = 1) -> dict[str, Any]:
    return {
        "iid": number,
        "sha": SHA,
        "title": TITLE,
        "author": {"username": "ann"},
        "source_branch": "topic",
        "target_branch": "main",
        "source_project_id": source,
        "target_project_id": 1,
    }


def pages(kind: ForgeKind, found: list[dict[str, Any]]) -> Any:
    """Play a host that has these pull requests."""

    def answer(request: Request) -> Reply:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(request.path).query).items()}
        first = int(asked.get("start", (int(asked.get("page", 1)) - 1) * PER_PAGE))
        some, more = found[first : first + PER_PAGE], first + PER_PAGE < len(found)
        if kind is ForgeKind.BITBUCKET:
            return Reply(body={"values": some, **({"next": "https://evil/"} if more else {})})
        if kind is ForgeKind.BITBUCKET_SERVER:
            following = {"nextPageStart": first + PER_PAGE} if more else {}
            return Reply(body={"values": some, "isLastPage": not more, **following})
        return Reply(body=some)

    return answer


def asked(host: StandIn, kind: ForgeKind, path: str = "acme/shop") -> list[PullRequest]:
    place = ForgePlace(kind=kind, server=host.url, path=path, connection="host")
    return open_forge(place).open_pull_requests()


MADE: dict[ForgeKind, Any] = {
    ForgeKind.BITBUCKET: cloud,
    ForgeKind.BITBUCKET_SERVER: center,
    ForgeKind.GITHUB: github,
    ForgeKind.GITLAB: gitlab,
    ForgeKind.GITEA: github,
}
KINDS = pytest.mark.parametrize("kind", list(ForgeKind))


def play(
    monkeypatch: pytest.MonkeyPatch, host: StandIn, kind: ForgeKind, *found: dict[str, Any]
) -> None:
    usual = pages(kind, list(found))

    def answer(request: Request) -> Reply:
        host.requests.append(request)
        return host.script.pop(0) if host.script else usual(request)

    monkeypatch.setattr(host, "answer", answer)


@KINDS
def test_each_host_is_asked_for_all_pages_and_understood(
    host: StandIn, monkeypatch: pytest.MonkeyPatch, kind: ForgeKind
) -> None:
    play(monkeypatch, host, kind, *(MADE[kind](number) for number in range(45, 0, -1)))
    found = asked(host, kind)
    assert [one.number for one in found] == list(range(1, 46))
    one = found[6]
    assert (one.number, one.branch, one.source, one.fork) == (7, "main", "topic", False)
    assert SHA.startswith(one.sha)
    assert one.title == TITLE
    assert one.author.lower() == "ann"
    # Only the token's own server was asked, whatever an answer names as the next page.
    assert all(TOKEN in str(request.headers.values()) for request in host.requests)


@KINDS
def test_another_repositorys_commit_is_a_forks(
    host: StandIn, monkeypatch: pytest.MonkeyPatch, kind: ForgeKind
) -> None:
    other: Any = "{other}" if kind is ForgeKind.BITBUCKET else 2
    play(monkeypatch, host, kind, MADE[kind](source=other))
    [one] = asked(host, kind)
    assert one.fork
    assert one.origin == (
        "https://bitbucket.org/mallory/shop.git" if kind is ForgeKind.BITBUCKET else ""
    )


@pytest.mark.parametrize("kind", [ForgeKind.BITBUCKET, ForgeKind.GITHUB, ForgeKind.GITEA])
def test_a_fork_that_is_gone_is_a_fork(
    host: StandIn, monkeypatch: pytest.MonkeyPatch, kind: ForgeKind
) -> None:
    play(monkeypatch, host, kind, MADE[kind](source=None))
    [one] = asked(host, kind)
    assert (one.fork, one.origin) == (True, "")


def test_a_forks_name_leads_to_no_other_server(
    host: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = cloud(source="{other}")
    found["source"]["repository"]["full_name"] = "x/y.git@evil.example.com/../z?"
    play(monkeypatch, host, ForgeKind.BITBUCKET, found)
    assert asked(host, ForgeKind.BITBUCKET)[0].origin == ""


@KINDS
def test_one_that_makes_no_sense_is_left_out_and_the_others_stay(
    host: StandIn, monkeypatch: pytest.MonkeyPatch, kind: ForgeKind
) -> None:
    make = MADE[kind]
    text = json.dumps(make(3))
    wrong = [
        json.loads(text.replace(one, with_))
        for one, with_ in (
            (SHA[:12], "--upload-pack=x"),
            ("main", "a b"),
            ("main", "../../etc"),
            ("main", "-x"),
        )
    ]
    play(monkeypatch, host, kind, make(True), make(-1), {}, *wrong, make(9))
    assert [one.number for one in asked(host, kind)] == [9]


@KINDS
def test_a_host_that_never_ends_is_left(
    host: StandIn, monkeypatch: pytest.MonkeyPatch, kind: ForgeKind
) -> None:
    monkeypatch.setattr(pull_requests, "MOST_PAGES", 3)
    many = [MADE[kind](number) for number in range(1, PER_PAGE * 5)]
    play(monkeypatch, host, kind, *many)
    assert len(asked(host, kind)) == PER_PAGE * 3
    assert len(host.requests) == 3


@KINDS
@pytest.mark.parametrize("body", [b"<html>log in</html>", b"{", {"values": 3}, 7, None])
def test_an_answer_that_is_none_is_not_taken_for_no_pull_requests(
    host: StandIn, kind: ForgeKind, body: Any
) -> None:
    host.script = [Reply(body=body)]
    with pytest.raises(ForgeRefused):
        asked(host, kind)


@KINDS
def test_a_refused_token_says_what_to_do(host: StandIn, kind: ForgeKind) -> None:
    host.authorization = "Bearer other"
    with pytest.raises(ForgeRefused) as caught:
        asked(host, kind)
    assert "the token in the connection 'host' is wrong or has expired" in str(caught.value)
    assert TOKEN not in str(caught.value)


@KINDS
def test_a_host_that_asks_for_patience_gets_it(host: StandIn, kind: ForgeKind) -> None:
    host.script = [Reply(status=429, headers={"Retry-After": "90"}), Reply(status=503)]
    with pytest.raises(ForgeUnavailable) as caught:
        asked(host, kind)
    assert caught.value.retry_after == 90
    with pytest.raises(ForgeUnavailable):
        asked(host, kind)


def test_a_slow_host_is_not_waited_for(host: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "DEADLINE", 0.3)
    host.script = [Reply(body=[github()], trickle=0.05)]
    begun = time.monotonic()
    with pytest.raises(ForgeUnavailable):
        asked(host, ForgeKind.GITHUB)
    assert time.monotonic() - begun < 5


def test_many_slow_pages_are_not_waited_for(host: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pull_requests, "MOST_SECONDS", 0.0)
    play(monkeypatch, host, ForgeKind.GITLAB, *(gitlab(number) for number in range(1, 45)))
    with pytest.raises(ForgeUnavailable, match="takes more than 0 s"):
        asked(host, ForgeKind.GITLAB)


@pytest.mark.parametrize(
    ("kind", "ref"),
    [
        (ForgeKind.BITBUCKET, ""),
        (ForgeKind.BITBUCKET_SERVER, "refs/pull-requests/7/from"),
        (ForgeKind.GITHUB, "refs/pull/7/head"),
        (ForgeKind.GITLAB, "refs/merge-requests/7/head"),
        (ForgeKind.GITEA, "refs/pull/7/head"),
    ],
)
def test_each_host_keeps_what_is_proposed_at_its_own_place(kind: ForgeKind, ref: str) -> None:
    assert head_ref(kind, 7) == ref
