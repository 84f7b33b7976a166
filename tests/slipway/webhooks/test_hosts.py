"""What each host says, and what it takes to be believed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from slipway.exceptions import HookMalformed
from slipway.model.event import EventKind
from slipway.webhooks.announcement import MOST_REFS, Ignored
from slipway.webhooks.host import host_of
from tests.slipway.webhooks.deliveries import (
    PUSHES,
    SECRET,
    ZEROS,
    Delivery,
    bitbucket_cloud,
    bitbucket_server,
    cloud_change,
    cloud_push,
    digest,
    gitea,
    github,
    gitlab,
    ref_push,
    server_push,
)
from tests.slipway.webhooks.hosts.payloads import HOSTS, said

if TYPE_CHECKING:
    from collections.abc import Callable


def refs(delivery: Delivery) -> tuple[EventKind, list[str]]:
    answer = said(delivery)
    assert not isinstance(answer, Ignored)
    (one,) = answer
    return one.kind, list(one.refs)


def reason(delivery: Delivery) -> str:
    answer = said(delivery)
    assert isinstance(answer, Ignored)
    return answer.reason


@pytest.mark.parametrize("host", HOSTS)
def test_a_push_is_announced_by_every_host(host: str) -> None:
    delivery = PUSHES[host][0](SECRET)
    assert refs(delivery) == (EventKind.PUSH, ["refs/heads/main"])
    assert host_of(delivery.headers).parse.__module__.endswith(host)


_RUBBISH = [
    b"",
    b"{",
    b"[]",
    b"1",
    b'"text"',
    b"null",
    b"\xff\xfe",
    b"[" * 200_000,
    b'{"ref": ' + b"9" * 5000 + b"}",
    b'{"ref": "\\ud800',
    b"payload=%7B%7D",
]


def _signed(host: str, body: bytes) -> Delivery:
    delivery = PUSHES[host][0](SECRET)
    header = PUSHES[host][1]
    if host == "gitlab":
        return Delivery(headers=delivery.headers, body=body)
    prefix = "" if host == "gitea" else "sha256="
    return Delivery(headers={**delivery.headers, header: prefix + digest(SECRET, body)}, body=body)


@pytest.mark.parametrize("body", _RUBBISH, ids=range(len(_RUBBISH)))
@pytest.mark.parametrize("host", HOSTS)
def test_signed_rubbish_is_told_apart_from_what_is_not_signed(host: str, body: bytes) -> None:
    with pytest.raises(HookMalformed):
        said(_signed(host, body))


_SHAPES: list[Any] = [
    {},
    {"ref": None},
    {"ref": 7},
    {"ref": ["refs/heads/main"]},
    {"push": []},
    {"push": None},
    {"push": {"changes": {}}},
    {"push": {"changes": [None, 1, "x", [], {"new": 1}]}},
    {"push": {"changes": [{"new": {"name": 7, "type": "branch"}, "old": "x"}]}},
    {"changes": 1},
    {"changes": [None, {"ref": "x"}, {"ref": {"id": {}}}]},
]
_PUSH_EVENTS: dict[str, tuple[Callable[[str, Any], Delivery], str]] = {
    "bitbucket_cloud": (bitbucket_cloud, "repo:push"),
    "bitbucket_server": (bitbucket_server, "repo:refs_changed"),
    "github": (github, "push"),
    "gitlab": (gitlab, "Push Hook"),
    "gitea": (gitea, "push"),
}


@pytest.mark.parametrize("payload", _SHAPES, ids=range(len(_SHAPES)))
@pytest.mark.parametrize("host", HOSTS)
def test_a_push_that_names_no_ref_is_a_push_all_the_same(host: str, payload: Any) -> None:
    """What it is about git will say; this one says that something happened."""
    made, event = _PUSH_EVENTS[host]
    assert refs(made(event, payload)) == (EventKind.PUSH, [])


def test_two_refs_of_one_push_are_both_announced() -> None:
    both = ["refs/heads/main", "refs/heads/next"]
    cloud = cloud_push(cloud_change("main"), cloud_change("next"))
    assert refs(bitbucket_cloud("repo:push", cloud)) == (EventKind.PUSH, both)
    assert refs(bitbucket_server("repo:refs_changed", server_push(*both))) == (EventKind.PUSH, both)


def test_a_branch_that_is_gone_a_tag_and_a_forced_push_are_announced() -> None:
    """Also that of six commits and more, of which the payload holds five."""
    gone = cloud_push(cloud_change("main", gone=True))
    assert refs(bitbucket_cloud("repo:push", gone)) == (EventKind.PUSH, ["refs/heads/main"])
    tag = cloud_push(cloud_change("v1.4.0", kind="tag"))
    assert refs(bitbucket_cloud("repo:push", tag)) == (EventKind.TAG, ["refs/tags/v1.4.0"])
    forced = cloud_push(cloud_change("main", forced=True))
    assert refs(bitbucket_cloud("repo:push", forced)) == (EventKind.PUSH, ["refs/heads/main"])
    server = server_push("refs/tags/v1", to=ZEROS)
    assert refs(bitbucket_server("repo:refs_changed", server)) == (EventKind.TAG, ["refs/tags/v1"])
    for made, event in ((github, "push"), (gitea, "push"), (gitlab, "Tag Push Hook")):
        deleted = ref_push("refs/tags/v1", deleted=True, after=ZEROS)
        assert refs(made(event, deleted)) == (EventKind.TAG, ["refs/tags/v1"])


def test_a_push_of_very_many_refs_is_announced_without_keeping_them_all() -> None:
    many = cloud_push(*(cloud_change(f"b{number}") for number in range(500)))
    kind, kept = refs(bitbucket_cloud("repo:push", many))
    assert kind is EventKind.PUSH
    assert len(kept) == MOST_REFS


def _pull_requests() -> dict[str, Delivery]:
    cloud = {
        "pullrequest": {
            # Twelve characters are all that Cloud gives; nobody takes them for a commit.
            "source": {"commit": {"hash": "3f2a1b7c3f2a"}, "repository": None},
            "destination": {"branch": {"name": "main"}},
        }
    }
    server = {"pullRequest": {"toRef": {"displayId": "main"}}}
    base = {"pull_request": {"base": {"ref": "main"}, "head": {"repo": None}}}
    merge = {"object_attributes": {"target_branch": "main", "action": "update", "oldrev": ZEROS}}
    return {
        "cloud created": bitbucket_cloud("pullrequest:created", cloud),
        "cloud updated": bitbucket_cloud("pullrequest:updated", cloud),
        "cloud fulfilled": bitbucket_cloud("pullrequest:fulfilled", cloud),
        "server opened": bitbucket_server("pr:opened", server),
        "server from a fork": bitbucket_server("pr:from_ref_updated", server),
        "github": github("pull_request", {**base, "action": "synchronize"}),
        "gitea": gitea("pull_request_sync", {**base, "action": "synchronized"}),
        "gitlab": gitlab("Merge Request Hook", merge),
    }


@pytest.mark.parametrize("kind", sorted(_pull_requests()))
def test_a_pull_request_that_got_commits_is_announced(kind: str) -> None:
    assert refs(_pull_requests()[kind]) == (EventKind.PULL_REQUEST, ["refs/heads/main"])


def _endings() -> dict[str, Delivery]:
    cloud = {"pullrequest": {"destination": {"branch": {"name": "main"}}, "state": "DECLINED"}}
    server = {"pullRequest": {"toRef": {"displayId": "main"}, "state": "MERGED"}}
    base = {"pull_request": {"base": {"ref": "main"}, "merged": True}}
    found = {
        f"cloud {what}": bitbucket_cloud(f"pullrequest:{what}", cloud)
        for what in ("fulfilled", "rejected")
    }
    for what in ("merged", "declined", "deleted", "reopened"):
        found[f"server {what}"] = bitbucket_server(f"pr:{what}", server)
    for what in ("closed", "reopened"):
        found[f"github {what}"] = github("pull_request", {**base, "action": what})
        found[f"gitea {what}"] = gitea("pull_request", {**base, "action": what})
    for what in ("close", "merge", "reopen"):
        merge = {"object_attributes": {"target_branch": "main", "action": what}}
        found[f"gitlab {what}"] = gitlab("Merge Request Hook", merge)
    return found


@pytest.mark.parametrize("kind", sorted(_endings()))
def test_a_pull_request_that_is_over_or_opened_again_is_looked_at_at_once(kind: str) -> None:
    """Its run is stopped by what the host's API then says of it, and by no payload."""
    assert refs(_endings()[kind]) == (EventKind.PULL_REQUEST, ["refs/heads/main"])


def test_a_pull_request_that_only_got_words_is_ignored() -> None:
    base = {"pull_request": {"base": {"ref": "main"}}}
    assert "no new commit" in reason(github("pull_request", {**base, "action": "edited"}))
    assert "no new commit" in reason(gitea("pull_request", {**base, "action": "labeled"}))
    words = {"object_attributes": {"target_branch": "main", "action": "update"}}
    assert "no new commit" in reason(gitlab("Merge Request Hook", words))


def test_tests_of_a_hook_are_answered() -> None:
    assert "a test" in reason(bitbucket_server("diagnostics:ping", {"test": True}))
    assert "a test" in reason(github("ping", {"zen": "Keep it logically awesome."}))
    assert refs(gitlab("Push Hook", ref_push()))
    assert refs(gitea("push", ref_push()))


@pytest.mark.parametrize("name", ["issue:created", "", "x" * 500, "\u202e", "<b>", "a\nb"])
@pytest.mark.parametrize("made", [bitbucket_cloud, bitbucket_server, github, gitlab, gitea])
def test_an_event_that_is_not_known_is_ignored_and_hardly_repeated(made: Any, name: str) -> None:
    told = reason(made(name, {"ref": "refs/heads/main"}))
    assert told.endswith("events change no commits")
    assert len(told) < 100
    assert told.isprintable()
    assert told.isascii()
