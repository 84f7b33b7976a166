"""A project's webhook at each host: made once, put right, and given the secret that is valid."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from slipway.exceptions import ForgeRefused, ForgeUnavailable, SlipwayError
from slipway.hooks.forge.hooks.base import HOOKS_PATH, HostHooks
from slipway.hooks.forge.hooks.open import KINDS, open_hooks
from slipway.hooks.forge.hooks.repair import Repaired, repair
from slipway.model.forge.place import ForgeKind, ForgePlace
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
    place = ForgePlace(
        kind=ForgeKind(host.kind), server=host.url, path="acme/shop", connection="shop_git"
    )
    return open_hooks(place, secret=SECRET)


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
    (401, b'{"message": "Bad credentials"}', ForgeRefused, "wrong or has expired"),
    (403, b"{}", ForgeRefused, "needs"),
    (404, b'{"error": {"message": "gone"}}', ForgeRefused, "acme/shop with webhooks, or the token"),
    (422, b'{"errors": [{"message": "bad url"}]}', ForgeRefused, "make the hook by hand"),
    (429, b"", ForgeUnavailable, ""),
    (503, b"<html>", ForgeUnavailable, ""),
    (302, b"", ForgeRefused, "put the right address into the project file"),
    (200, b"<html>log in</html>", ForgeRefused, "`forge_url`"),
    (200, b"[" * 100_000, ForgeRefused, "`forge_url`"),
]


@pytest.mark.parametrize(("status", "body", "error", "advice"), _TROUBLE)
def test_a_host_that_says_no_is_understood(
    host: HookHost, status: int, body: bytes, error: type[SlipwayError], advice: str
) -> None:
    host.answers = [(status, body)]
    with pytest.raises(error) as caught:
        repaired(host)
    assert advice in caught.value.advice
    assert "status" not in caught.value.advice, "hooks are no statuses"
    if status == 403:
        assert KINDS[ForgeKind(host.kind)][1].scopes in caught.value.advice
    assert len(host.seen) == 1, "a redirect was followed"


def test_a_host_that_repeats_what_it_was_told_gives_nothing_away(host: HookHost) -> None:
    host.answers = [(200, b"[]"), (400, json.dumps({"message": f"no {SECRET} {TOKEN}"}).encode())]
    with pytest.raises(ForgeRefused) as caught:
        repaired(host)
    assert SECRET not in str(caught.value)
    assert TOKEN not in str(caught.value)


def test_a_host_that_is_away_is_said_to_be(host: HookHost) -> None:
    host.url = "http://127.0.0.1:1"
    with pytest.raises(ForgeUnavailable):
        repaired(host)


def test_hooks_are_sent_to_where_they_are_taken() -> None:
    assert SlipwayPlugin.fastapi_apps[0]["url_prefix"] == HOOKS_PATH
