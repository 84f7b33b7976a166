"""The stand-in for Bitbucket, asked by Slipway's own clients over HTTP."""

from __future__ import annotations

import hashlib
import hmac
import json
from contextlib import closing
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from include.localforge import payload
from include.localforge.deliver import deliver
from include.localforge.state import ForgeHome
from slipway.exceptions import ForgeRefused
from slipway.hooks.forge.connection import open_forge
from slipway.hooks.forge.hooks.open import open_hooks
from slipway.hooks.forge.hooks.repair import repair
from slipway.model.forge.place import ForgePlace
from slipway.model.forge.status import Annotation, StatusState, TestSummary
from slipway.webhooks.hosts import bitbucket_cloud
from tests.include.localforge import shop
from tests.include.localforge.shop import PAGE, SECRET, SHOP, Repository, status

home, place, receiver, repository, url = (
    shop.home,
    shop.place,
    shop.receiver,
    shop.repository,
    shop.url,
)


def test_a_status_is_on_its_commits_page_and_replaces_the_one_before(
    place: ForgePlace, repository: Repository, home: ForgeHome
) -> None:
    sha = repository.commit("A <b>shop</b>")
    repository.push("main")
    forge = open_forge(place)
    forge.set_status(status(sha, state=StatusState.IN_PROGRESS, text="runs"))
    forge.set_status(status(sha, text="2 <script>alert(1)</script>"))
    (kept,) = home.statuses(SHOP, sha)
    assert (kept["key"], kept["state"], kept["url"]) == ("slipway/test", "SUCCESSFUL", PAGE)
    answer = httpx.get(f"{place.server}/{SHOP}/commits/{sha}")
    assert PAGE in answer.text
    assert "2 &lt;script&gt;" in answer.text
    assert "<script" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert sha[:12] in httpx.get(f"{place.server}/{SHOP}").text


def test_failed_tests_are_on_the_commits_page_at_their_lines(
    place: ForgePlace, repository: Repository
) -> None:
    sha = repository.commit()
    repository.push("main")
    failed = Annotation(path="tests/test_cart.py", line=12, title="test_sum", text="2 != 3")
    tests = TestSummary(tests=9, failed=1, skipped=0, seconds=0.5, annotations=(failed,) * 101)
    told = status(sha, state=StatusState.FAILED)
    for _ in range(2):
        open_forge(place).show_tests(told, tests)
    page = httpx.get(f"{place.server}/{SHOP}/commits/{sha}").text
    assert page.count("tests/test_cart.py:12") == 101


def test_what_bitbucket_refuses_is_refused(
    place: ForgePlace, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha = repository.commit()
    repository.push("main")
    with pytest.raises(ForgeRefused, match="Commit not found"):
        open_forge(place).set_status(status("f" * 40))
    forge = open_forge(place)
    path = f"/2.0/repositories/{SHOP}/commit/{sha}/statuses/build"
    for wrong in ({"key": "k" * 41}, {"state": "CANCELLED"}, {"url": "x"}, {"key": None}):
        body = {"key": "k", "state": "FAILED", "url": PAGE, **wrong}
        with pytest.raises(ForgeRefused, match="answers 400"):
            forge.send("POST", path, body)
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", json.dumps({"conn_type": "generic", "password": "x"}))
    with pytest.raises(ForgeRefused, match="answers 401"):
        open_forge(place).set_status(status(sha))


def test_a_push_is_told_to_the_webhook_that_was_made_and_slipway_believes_it(
    place: ForgePlace, repository: Repository, receiver: Any
) -> None:
    done = repair(open_hooks(place, secret=SECRET), project="shop", url=receiver.url, secret=SECRET)
    assert done.made
    hooks = open_hooks(place, secret=SECRET)
    again = repair(hooks, project="shop", url=receiver.url, secret=SECRET)
    assert (again.made, again.wrong) == (False, ())
    first = repository.commit("1")
    shas = [repository.commit(str(number)) for number in range(2, 9)]
    repository.git("tag", "v1")
    assert "202" in repository.push("main", "v1")
    ((headers, body),) = receiver.got
    sent = json.loads(body)["push"]["changes"]
    assert [one["new"]["type"] for one in sent] == ["branch", "tag"]
    assert (sent[0]["created"], sent[0]["truncated"]) == (True, True)
    assert [one["hash"] for one in sent[0]["commits"]] == shas[:-6:-1]
    assert first not in str(sent)
    told = bitbucket_cloud.parse(headers, body, (SECRET.encode(),))
    assert isinstance(told, tuple)
    assert told[0].refs == ("refs/heads/main", "refs/tags/v1")
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    assert headers["x-hub-signature"] == f"sha256={digest}"


def test_a_rewritten_and_a_deleted_branch_are_told_of_as_such(
    place: ForgePlace, repository: Repository, receiver: Any
) -> None:
    repair(open_hooks(place), project="shop", url=receiver.url, secret=SECRET)
    repository.commit("1")
    repository.push("main", "main:next")
    repository.git("commit", "--quiet", "--amend", "--allow-empty", "-m", "rewritten")
    repository.push("--force", "main", ":next")
    changes = {
        (one["new"] or one["old"])["name"]: one
        for one in json.loads(receiver.got[-1][1])["push"]["changes"]
    }
    assert (changes["main"]["forced"], changes["main"]["closed"]) == (True, False)
    assert (changes["next"]["closed"], changes["next"]["new"]) == (True, None)


def test_a_delivery_that_fails_is_tried_twice_more_and_follows_nobody(
    home: ForgeHome, place: ForgePlace, repository: Repository, receiver: Any
) -> None:
    repair(open_hooks(place), project="shop", url=receiver.url, secret=SECRET)
    receiver.answers += [500, 302, 202]
    repository.commit()
    repository.push("main")
    assert [one["x-attempt-number"] for one, _ in receiver.got] == ["1", "2", "3"]
    assert len({one["x-request-uuid"] for one, _ in receiver.got}) == 1
    assert [one["answer"] for one in home.all("deliveries")] == ["500", "302", "202"]


def test_of_a_push_with_too_much_to_say_nothing_is_told(
    home: ForgeHome, place: ForgePlace, repository: Repository, receiver: Any
) -> None:
    repair(open_hooks(place), project="shop", url=receiver.url, secret=SECRET)
    repository.commit("x" * 300_000)
    assert "are not sent" in repository.push("main")
    assert receiver.got == []


def test_open_pull_requests_are_listed_with_twelve_digits_of_their_commits(
    home: ForgeHome, place: ForgePlace, repository: Repository, receiver: Any
) -> None:
    found = [
        payload.new_pull_request(
            SHOP, number=number, title="A <b>", source="fix", sha="3f2a1b7c" * 5, target="main"
        )
        for number in (1, 2, 3)
    ]
    found[1]["state"] = "MERGED"
    home.set_pull_requests(SHOP, found)
    path = f"/2.0/repositories/{SHOP}/pullrequests?state=OPEN&pagelen=1"
    first = open_forge(place).send("GET", path)
    assert [one["id"] for one in first["values"]] == [1]
    assert first["values"][0]["source"]["commit"]["hash"] == "3f2a1b7c3f2a"
    second = open_forge(place).send("GET", first["next"].removeprefix(place.server))
    assert ([one["id"] for one in second["values"]], "next" in second) == ([3], False)
    repair(open_hooks(place), project="shop", url=receiver.url, secret=SECRET)
    list(deliver(home, SHOP, "pullrequest:created", payload.pull_request(SHOP, found[0])))
    headers, body = receiver.got[0]
    told = bitbucket_cloud.parse(headers, body, (SECRET.encode(),))
    assert isinstance(told, tuple)
    assert told[0].refs == ("refs/heads/main",)


def test_no_page_leads_out_of_the_repositories_or_answers_to_another_name(
    place: ForgePlace, home: ForgeHome
) -> None:
    (home.git.parent / "other.git").mkdir()
    server = urlsplit(place.server).netloc
    for path in ("/../other", "/acme/..", "/%2e%2e/other", "/acme/shop/commits/--output=x"):
        # A client of more comfort would straighten the path out.
        with closing(HTTPConnection(server)) as connection:
            connection.request("GET", path)
            assert connection.getresponse().status == 404, path
    answer = httpx.get(f"{place.server}/{SHOP}", headers={"Host": "pages.example"})
    assert answer.status_code == 400


def test_secrets_are_in_no_answer_and_in_no_file_of_others(
    place: ForgePlace, home: ForgeHome
) -> None:
    nowhere = "http://127.0.0.1:1/slipway/hooks/shop"
    repair(open_hooks(place), project="shop", url=nowhere, secret=SECRET)
    answer = open_forge(place).send("GET", f"/2.0/repositories/{SHOP}/hooks")
    assert SECRET not in json.dumps(answer)
    assert SECRET in (home.folder / "hooks.json").read_text()
    for file in home.folder.iterdir():
        if file != home.token_file:
            assert file.stat().st_mode & 0o077 == 0, file
