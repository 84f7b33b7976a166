"""Pull requests at the stand-in for Bitbucket, as Slipway's clients and its receiver see them."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from include.localforge.pull_requests import (
    NoPullRequest,
    end_pull_request,
    open_pull_request,
)
from include.localforge.state import ForgeHome
from slipway.hooks.forge.connection import open_forge
from slipway.hooks.forge.hooks.open import open_hooks
from slipway.hooks.forge.hooks.repair import repair
from slipway.model.forge.place import ForgePlace
from slipway.model.forge.pull_request import PullRequestState
from tests.include.localforge import shop as shared
from tests.include.localforge.shop import SECRET, SHOP, Repository, status

home, repository, url = shared.home, shared.repository, shared.url
place, receiver = shared.place, shared.receiver


def proposed(repository: Repository, message: str = "A fix") -> str:
    repository.git("checkout", "--quiet", "-B", "fix")
    sha = repository.commit(message)
    repository.push("--force", "fix")
    return sha


@pytest.fixture
def main(repository: Repository) -> str:
    sha = repository.commit()
    repository.push("main")
    return sha


@pytest.mark.usefixtures("main")
def test_one_is_opened_pushed_to_and_ended_as_at_bitbucket(
    home: ForgeHome, place: ForgePlace, repository: Repository, receiver: Any
) -> None:
    repair(open_hooks(place), project="shop", url=receiver.url, secret=SECRET)
    first = proposed(repository)
    opened, told = open_pull_request(home, SHOP, title="A <b>fix", source="fix")
    assert (opened["id"], len(told)) == (1, 1)
    [one] = open_forge(place).open_pull_requests()
    assert (one.number, one.sha, one.fork, one.branch) == (1, first[:12], False, "main")
    second = proposed(repository, "A better fix")
    [one] = open_forge(place).open_pull_requests()
    assert one.sha == second[:12]
    assert open_forge(place).pull_request_state(1) is PullRequestState.OPEN
    end_pull_request(home, SHOP, 1, "DECLINED")
    assert open_forge(place).open_pull_requests() == []
    assert open_forge(place).pull_request_state(1) is PullRequestState.DECLINED
    assert open_forge(place).pull_request_state(2) is PullRequestState.GONE
    events = [headers["x-event-key"] for headers, _ in receiver.got]
    assert events == [
        "repo:push",
        "pullrequest:created",
        "repo:push",
        "pullrequest:updated",
        "pullrequest:rejected",
    ]


@pytest.mark.usefixtures("main")
def test_its_page_shows_what_its_newest_commit_was_told(
    home: ForgeHome, place: ForgePlace, repository: Repository
) -> None:
    sha = proposed(repository)
    open_pull_request(home, SHOP, title="A <b>fix", source="fix")
    open_forge(place).set_status(status(sha, text="runs"))
    page = httpx.get(f"{place.server}/{SHOP}").text
    row = page.partition("<h2>Pull requests</h2>")[2].partition("</tr>")[0]
    assert "A &lt;b&gt;fix" in row
    assert sha in row
    assert "SUCCESSFUL" in row
    assert f"href='/{SHOP}/pull-requests/1'" in row
    own = httpx.get(f"{place.server}/{SHOP}/pull-requests/1")
    assert own.status_code == 200
    for shown in ("#1: A &lt;b&gt;fix", "fix to main", "OPEN", sha, "SUCCESSFUL", "runs"):
        assert shown in own.text
    for absent in (f"{SHOP}/pull-requests/2", f"{SHOP}/pull-requests/x", "no/such/pull-requests/1"):
        assert httpx.get(f"{place.server}/{absent}").status_code == 404


@pytest.mark.usefixtures("main")
def test_statuses_stand_in_one_order_whatever_came_first(
    place: ForgePlace, repository: Repository
) -> None:
    sha = proposed(repository)
    for stage in ("dev", "package", "canary", "test", "migrations"):
        open_forge(place).set_status(status(sha, stage=stage))
    page = httpx.get(f"{place.server}/{SHOP}").text
    row = page.partition(sha)[2].partition("</tr>")[0]
    keys = re.findall(r">([\w-]+)</span>", row)
    assert keys == ["test", "migrations", "package", "canary", "dev"]


@pytest.mark.usefixtures("main")
def test_what_cannot_be_is_said(home: ForgeHome, repository: Repository) -> None:
    with pytest.raises(NoPullRequest, match="no branch topic; push it first"):
        open_pull_request(home, SHOP, title="t", source="topic")
    proposed(repository)
    open_pull_request(home, SHOP, title="t", source="fix")
    end_pull_request(home, SHOP, 1, "MERGED")
    for number in (1, 7):
        with pytest.raises(NoPullRequest, match=f"no pull request {number} that is open"):
            end_pull_request(home, SHOP, number, "DECLINED")


def test_a_repository_tells_of_its_pushes_once_it_has_a_webhook(
    home: ForgeHome, place: ForgePlace, repository: Repository, receiver: Any
) -> None:
    """Also one that somebody put there, which no push has ever gone to."""
    (home.bare(SHOP) / "hooks" / "post-receive").unlink()
    repair(open_hooks(place), project="shop", url=receiver.url, secret=SECRET)
    repository.commit()
    repository.push("main")
    assert [headers["x-event-key"] for headers, _ in receiver.got] == ["repo:push"]
