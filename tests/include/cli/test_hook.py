"""``fab hook``, as it is typed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import create_autospec

import pytest

from include.cli import hook
from include.project.loader import PROJECTS, LoadedProjects, load_project
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.notes.hooks import note_hook
from slipway.hooks.webhook_trial import try_webhook
from slipway.model.forge.place import ForgeKind, place_of
from tests.fakes.hook_host import HookHost, hook_host

SECRET, TOKEN = "0123456789abcdef" * 2, "a-token-of-the-host"
AIRFLOW = "https://airflow.example.com"


@pytest.fixture(autouse=True)
def answers(monkeypatch: pytest.MonkeyPatch) -> list[int | None]:
    """What Airflow's server answers tests of a hook, the last one for ever; nobody at first."""
    answers: list[int | None] = [None]

    def answer(url: str, secret: str) -> int | None:
        assert (url.rpartition("/")[2], secret) == ("shop", SECRET)
        return answers.pop(0) if len(answers) > 1 else answers[0]

    monkeypatch.setattr(hook, "try_webhook", create_autospec(try_webhook, side_effect=answer))
    monkeypatch.setattr(hook, "_PAUSE", 0.0)
    return answers


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch, artifacts: Path) -> Iterator[HookHost]:
    for name, password in (("SHOP_WEBHOOK", SECRET), ("SHOP_GIT", TOKEN)):
        value = json.dumps({"conn_type": "generic", "password": password})
        monkeypatch.setenv(f"AIRFLOW_CONN_{name}", value)
    with hook_host("github") as found:
        _project(monkeypatch, found)
        yield found


def _project(
    monkeypatch: pytest.MonkeyPatch,
    host: HookHost | None = None,
    webhook: str | None = "shop_webhook",
    connection: str | None = "shop_git",
    **more: object,
) -> None:
    found = load_project(PROJECTS / "guestbook.yaml")
    changes = {
        "url": "git@git.corp:acme/shop.git",
        "webhook": webhook,
        "connection": connection,
        "forge": ForgeKind(host.kind) if host else None,
        "forge_url": host.url if host else None,
        "forge_connection": None,
    }
    repository = found.repository.model_copy(update={**changes, **more})
    shop = found.model_copy(update={"name": "shop", "repository": repository})
    shelf = LoadedProjects(projects={"shop": shop}, errors={})
    monkeypatch.setattr(hook, "load_projects", lambda: shelf)


def _type(host: HookHost, *more: str, url: str = AIRFLOW) -> int:
    return hook.main(["shop", *(["--url", url] if url else []), *more])


def test_a_hook_is_made_and_shown_and_its_secret_is_not(
    host: HookHost, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _type(host) == 0
    first = capsys.readouterr().out
    assert first == (
        f"shop: GitHub at {host.url.partition('://')[2]}, acme/shop\n"
        "  made a webhook to https://airflow.example.com/slipway/hooks/shop\n"
        "  a hook last came: never\n"
        "  Airflow's server cannot be asked from here whether it takes hooks; a push will show\n"
    )
    note_hook(artifact_store(), "shop", "GitHub", datetime(2026, 3, 1, 12, tzinfo=UTC))
    assert _type(host) == 0
    second = capsys.readouterr().out
    assert "is as it should be, and has the valid secret" in second
    assert "a hook last came: 2026-03-01 12:00:00 UTC, from GitHub" in second
    assert "2026-03-01T12:00:00Z  push                  202 OK" in second
    for said in (first, second):
        assert SECRET not in said
        assert TOKEN not in said


def test_a_project_file_that_airflow_has_yet_to_read_is_waited_for(
    host: HookHost, answers: list[int | None], capsys: pytest.CaptureFixture[str]
) -> None:
    answers[:] = [401, 401, 200]
    assert _type(host) == 0
    assert answers == [200]
    assert capsys.readouterr().out.endswith("  Airflow's server takes its hooks\n")


def test_a_server_that_goes_on_refusing_is_said_with_what_to_look_at(
    host: HookHost,
    answers: list[int | None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers[:] = [401]
    monkeypatch.setattr(hook, "_READ", 0.0)
    assert _type(host) == 0
    said = capsys.readouterr().out
    assert "refuses its hooks: it has not read this project file" in said
    assert "`fab check`" in said


def test_an_address_that_is_somebody_elses_is_said(
    host: HookHost, answers: list[int | None], capsys: pytest.CaptureFixture[str]
) -> None:
    answers[:] = [404]
    assert _type(host) == 0
    assert "a test was answered 404: is that address Airflow's server?" in capsys.readouterr().out


def test_a_hook_that_was_switched_off_is_put_right(
    host: HookHost, capsys: pytest.CaptureFixture[str]
) -> None:
    host.add(f"{AIRFLOW}/slipway/hooks/shop", active=False, events=["push"])
    assert _type(host) == 0
    said = capsys.readouterr().out
    assert "put right the webhook" in said
    assert "it was switched off" in said
    assert "it did not tell of pull_request" in said


def test_what_a_host_says_is_text_and_nothing_else(
    host: HookHost, capsys: pytest.CaptureFixture[str]
) -> None:
    host.add("https://x\u202e\x1b[31m/slipway/hooks/shop", active=True)
    assert _type(host) == 0
    said = capsys.readouterr().out
    assert all(line.isprintable() for line in said.splitlines())


def test_a_project_without_a_secret_or_a_token_says_what_to_add(
    host: HookHost, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _project(monkeypatch, host, webhook=None)
    assert _type(host) == 2
    assert "add `repository: {webhook: shop_webhook}`" in capsys.readouterr().err
    _project(monkeypatch, host, connection=None)
    assert _type(host) == 2
    assert "by hand, as docs/webhooks.md says" in capsys.readouterr().err
    _project(monkeypatch, host, webhook="absent")
    assert _type(host) == 2
    assert "airflow connections add absent" in capsys.readouterr().err
    assert host.hooks == {}


def test_a_host_whose_name_tells_nothing_says_what_to_add(
    host: HookHost, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _project(monkeypatch, None)
    assert _type(host) == 2
    said = capsys.readouterr().err
    assert "git.corp" in said
    assert "forge: " in said


def test_an_unknown_project_is_told_the_nearest(
    host: HookHost, capsys: pytest.CaptureFixture[str]
) -> None:
    assert hook.main(["shopp"]) == 2
    assert "did you mean" in capsys.readouterr().err


@pytest.mark.parametrize("url", ["http://localhost:8080", "http://127.0.0.1:8080", "x", ""])
def test_an_address_that_the_host_cannot_reach_is_refused(
    host: HookHost,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    url: str,
) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "http://localhost:8080")
    host.url = "https://git.corp"
    _project(monkeypatch, host)
    assert _type(host, url=url) == 2
    assert "give --url" in capsys.readouterr().err
    assert host.seen == []


def test_gitlab_sends_its_secret_over_no_open_line(
    host: HookHost, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    host.kind = "gitlab"
    _project(monkeypatch, host)
    assert _type(host, url="http://airflow.corp:8080") == 2
    assert "must not send it unencrypted" in capsys.readouterr().err
    assert host.hooks == {}


def test_the_servers_own_address_is_the_default(
    host: HookHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.corp/ci/")
    assert _type(host, url="") == 0
    (made,) = host.hooks.values()
    assert made["config"]["url"] == "https://airflow.corp/ci/slipway/hooks/shop"


def test_what_the_project_file_says_of_its_host_need_not_be_typed(
    host: HookHost, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _project(monkeypatch, host, connection="shop_key_of_git_alone", forge_connection="shop_git")
    assert hook.main(["shop", "--url", AIRFLOW]) == 0
    assert "shop: GitHub at 127.0.0.1:" in capsys.readouterr().out
    assert len(host.hooks) == 1


def test_a_host_that_does_not_tell_its_deliveries_is_named_with_its_page(
    monkeypatch: pytest.MonkeyPatch, host: HookHost, capsys: pytest.CaptureFixture[str]
) -> None:
    host.kind = "bitbucket"
    _project(monkeypatch, host)
    assert _type(host) == 0
    assert _type(host) == 0
    said = capsys.readouterr().out
    assert "host's own page says what its deliveries were answered: http://127.0.0.1:" in said


def test_a_host_that_everybody_knows_needs_no_address() -> None:
    place = place_of("git@bitbucket.org:acme/shop.git", connection="shop_git")
    assert hook._host(place) == "Bitbucket Cloud"
