"""A project's webhook at each host: made once, put right, and given the secret that is valid."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from slipway.exceptions import CloudUnavailable, RepositoryRefused, SlipwayError
from slipway.hooks.forge.hooks.base import HOOKS_PATH, HostHooks
from slipway.hooks.forge.hooks.place import KINDS, hook_place, open_hooks
from slipway.hooks.forge.hooks.repair import Repaired, repair
from slipway.plugin import SlipwayPlugin
from tests.fakes.hook_host import HookHost, hook_host

SECRET, TOKEN = "0123456789abcdef" * 2, "a-token-of-the-host"
URL = "https://airflow.example.com/slipway/hooks/shop"
ALL = sorted(KINDS)


@pytest.fixture(params=ALL)
def host(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[HookHost]:
    _connection(monkeypatch)
    with hook_host(request.param) as found:
        yield found


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> Iterator[HookHost]:
    _connection(monkeypatch)
    with hook_host("github") as found:
        yield found


def _connection(monkeypatch: pytest.MonkeyPatch, **more: str) -> None:
    value = {"conn_type": "generic", "password": TOKEN, **more}
    monkeypatch.setenv("AIRFLOW_CONN_SHOP_GIT", json.dumps(value))


def hooks_of(host: HookHost) -> HostHooks:
    place = hook_place("git@git.example.com:acme/shop.git", kind=host.kind, server=host.url)
    return open_hooks(place, "shop_git", secret=SECRET)


def repaired(host: HookHost, secret: str = SECRET, url: str = URL) -> Repaired:
    return repair(hooks_of(host), project="shop", url=url, secret=secret)


def url_of(hook: dict[str, object]) -> object:
    config = hook.get("config")
    return config["url"] if isinstance(config, dict) else hook["url"]


def test_a_hook_is_made_once_and_signs_with_the_secret(host: HookHost) -> None:
    assert repaired(host) == Repaired(made=True)
    ((hook_id, hook),) = host.hooks.items()
    assert url_of(hook) == URL
    assert hook["active"] is True
    assert host.secrets[hook_id] == SECRET
    again = repaired(host)
    assert (again.made, again.wrong, again.others) == (False, (), ())
    assert len(host.hooks) == 1


def test_a_new_secret_is_given_to_the_hook_that_is_there(host: HookHost) -> None:
    repaired(host)
    repaired(host, secret="fedcba9876543210" * 2)
    ((hook_id, _),) = host.hooks.items()
    assert host.secrets[hook_id] == "fedcba9876543210" * 2


def test_what_is_wrong_is_said_and_put_right(host: HookHost) -> None:
    host.add("https://old.example.com/slipway/hooks/shop", active=False, alert_status="disabled")
    done = repaired(host)
    assert not done.made
    said = "; ".join(done.wrong)
    assert "it sent to https://old.example.com/slipway/hooks/shop" in said
    assert "it was switched off" in said
    assert "it did not tell of" in said
    ((_, hook),) = host.hooks.items()
    assert url_of(hook) == URL
    host.hooks[next(iter(host.hooks))].pop("alert_status", None)
    assert repaired(host).wrong == ()


def test_hooks_of_others_are_left_alone_and_a_second_of_ours_is_named(host: HookHost) -> None:
    others = {
        host.add("https://chat.example.com/in/1"),
        host.add(f"{URL}-data"),
        host.add("https://airflow.example.com/slipway/hooks/mail"),
    }
    second = "https://old.example.com/slipway/hooks/shop"
    host.add(second)
    host.add(URL)
    before = {one: dict(host.hooks[one]) for one in others}
    assert repaired(host).others == (second,)
    assert {one: host.hooks[one] for one in others} == before
    assert sorted(map(str, map(url_of, host.hooks.values()))).count(URL) == 1


def test_the_last_deliveries_are_shown_where_the_host_tells(host: HookHost) -> None:
    repaired(host)
    sent = repaired(host).sent
    if host.kind in ("bitbucket", "gitea"):
        assert sent is None
    else:
        assert sent is not None
        (one,) = sent
        assert one.at == "2026-03-01T12:00:00Z"
        assert "202" in one.answer


def test_a_host_that_tells_nothing_or_rubbish_has_no_hooks(host: HookHost) -> None:
    for said in (b"", b"{}", b"[]", b"[1, null]", b'{"values": 7}', b'"x"'):
        host.answers = [(200, said)]
        assert hooks_of(host).installed() == []


_TROUBLE: list[tuple[int, bytes, type[SlipwayError], str]] = [
    (401, b'{"message": "Bad credentials"}', RepositoryRefused, "wrong or has expired"),
    (403, b"{}", RepositoryRefused, "needs"),
    (404, b'{"error": {"message": "gone"}}', RepositoryRefused, "may not see its webhooks"),
    (422, b'{"errors": [{"message": "bad url"}]}', RepositoryRefused, "see what the host says"),
    (429, b"", CloudUnavailable, "try again"),
    (503, b"<html>", CloudUnavailable, "try again"),
    (302, b"", RepositoryRefused, "see what the host says"),
    (200, b"<html>log in</html>", RepositoryRefused, "--forge-url"),
    (200, b"[" * 100_000, RepositoryRefused, "--forge-url"),
]


@pytest.mark.parametrize(("status", "body", "error", "advice"), _TROUBLE)
def test_a_host_that_says_no_is_understood(
    host: HookHost, status: int, body: bytes, error: type[SlipwayError], advice: str
) -> None:
    host.answers = [(status, body)]
    with pytest.raises(error) as caught:
        repaired(host)
    assert advice in caught.value.advice
    assert len(host.seen) == 1, "a redirect was followed"


def test_a_host_that_repeats_what_it_was_told_gives_nothing_away(host: HookHost) -> None:
    host.answers = [(200, b"[]"), (400, json.dumps({"message": f"no {SECRET} {TOKEN}"}).encode())]
    with pytest.raises(RepositoryRefused) as caught:
        repaired(host)
    assert SECRET not in str(caught.value)
    assert TOKEN not in str(caught.value)


def test_a_host_that_is_away_is_said_to_be(host: HookHost) -> None:
    host.url = "http://127.0.0.1:1"
    with pytest.raises(CloudUnavailable):
        repaired(host)


def test_each_host_is_shown_the_token_in_its_own_way(host: HookHost) -> None:
    hooks_of(host).installed()
    ((_, _, shown),) = host.seen
    assert shown == (f"token {TOKEN}" if host.kind == "gitea" else f"Bearer {TOKEN}")


def test_an_api_token_of_atlassian_goes_beside_its_owners_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for more in ({"login": "ada@example.com"}, {"extra": json.dumps({"email": "ada@example.com"})}):
        with hook_host("bitbucket") as host:
            _connection(monkeypatch, **more)
            hooks_of(host).installed()
            assert host.seen[0][2] == ("Basic YWRhQGV4YW1wbGUuY29tOmEtdG9rZW4tb2YtdGhlLWhvc3Q=")


def test_a_connection_that_is_missing_or_empty_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    place = hook_place("https://github.com/acme/shop")
    with pytest.raises(RepositoryRefused, match="'absent'"):
        open_hooks(place, "absent")
    monkeypatch.setenv("AIRFLOW_CONN_SHOP_GIT", json.dumps({"conn_type": "generic"}))
    with pytest.raises(RepositoryRefused, match="no token"):
        open_hooks(place, "shop_git")


@pytest.mark.parametrize(
    ("url", "kind", "server", "path"),
    [
        ("https://github.com/acme/shop.git", "", "https://api.github.com", "acme/shop"),
        ("git@bitbucket.org:acme/shop.git", "", "https://api.bitbucket.org", "acme/shop"),
        ("ssh://git@altssh.gitlab.com:443/a/b/shop", "", "https://gitlab.com", "a/b/shop"),
        ("https://codeberg.org/acme/shop", "", "https://codeberg.org", "acme/shop"),
        (
            "ssh://git@git.corp:7999/SHOP/shop.git",
            "bitbucket_server",
            "https://git.corp",
            "SHOP/shop",
        ),
        (
            "https://git.corp:8443/bb/scm/~ada/shop.git",
            "bitbucket_server",
            "https://git.corp:8443/bb",
            "~ada/shop",
        ),
        ("git@git.corp:acme/shop.git", "gitea", "https://git.corp", "acme/shop"),
    ],
)
def test_a_repositorys_url_tells_where_its_hooks_are(
    url: str, kind: str, server: str, path: str
) -> None:
    place = hook_place(url, kind=kind)
    assert (place.server, place.path) == (server, path)


@pytest.mark.parametrize(
    ("url", "kind", "said"),
    [
        ("git@git.corp:acme/shop.git", "", "--forge"),
        ("git@git.corp:acme/shop.git", "svn", "--forge"),
        ("https://github.com/shop.git", "", "by hand"),
        ("http://git.corp/acme/shop.git", "gitea", "https://"),
        ("https://github.com/acme/../shop", "", "by hand"),
    ],
)
def test_a_url_that_does_not_tell_says_what_to_add(url: str, kind: str, said: str) -> None:
    with pytest.raises(RepositoryRefused) as caught:
        hook_place(url, kind=kind)
    assert said in caught.value.advice


def test_hooks_are_sent_to_where_they_are_taken() -> None:
    assert SlipwayPlugin.fastapi_apps[0]["url_prefix"] == HOOKS_PATH
