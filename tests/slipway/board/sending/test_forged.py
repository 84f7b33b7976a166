"""What others have people's browsers do: a counted table."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from slipway.board.forms import Forms
from tests.slipway.board.boards import Office, hide
from tests.slipway.board.people import BOARD, ORIGIN
from tests.slipway.board.sending.sent import FORMS, done, send

if TYPE_CHECKING:
    from collections.abc import Callable


def _no_login(shop: Office, action: str) -> tuple[int, int]:
    with shop.browser("ann") as ann:
        token, session = ann.token(FORMS[action][0]), ann.client.cookies["slipway_board"]
    with shop.browser() as nobody:
        nobody.client.cookies.set("slipway_board", session)
        return send(nobody, action, token).status_code, 401


def _viewer(shop: Office, action: str) -> tuple[int, int]:
    """Whoever may only look is given no form; one that they make up is refused."""
    with shop.browser("vic", "VIEWER") as vic:
        page = vic.get(FORMS[action][0])
        assert 'name="token"' not in page.text
        session = vic.client.cookies["slipway_board"]
        who = dataclasses.replace(PERSON, id="vic", name="vic")
        token = Forms(lambda: b"k" * 32).token(who, session, f"{action} shop/prod")
        return send(vic, action, token).status_code, 403


def _other_user(shop: Office, action: str) -> tuple[int, int]:
    """Even in one browser: somebody else has logged in there since."""
    with shop.browser("eve") as eve, shop.browser("ann") as ann:
        token = eve.token(FORMS[action][0])
        ann.client.cookies.set("slipway_board", eve.client.cookies["slipway_board"])
        return send(ann, action, token).status_code, 403


def _other_session(shop: Office, action: str) -> tuple[int, int]:
    with shop.browser("ann") as first, shop.browser("ann") as second:
        second.token(FORMS[action][0])
        return send(second, action, first.token(FORMS[action][0])).status_code, 403


def _no_session(shop: Office, action: str) -> tuple[int, int]:
    with shop.browser("ann") as ann:
        token = ann.token(FORMS[action][0])
        del ann.client.cookies["slipway_board"]
        return send(ann, action, token).status_code, 403


def _token(change: Callable[[str], str]) -> Callable[[Office, str], tuple[int, int]]:
    def case(shop: Office, action: str) -> tuple[int, int]:
        with shop.browser("ann") as ann:
            return send(ann, action, change(ann.token(FORMS[action][0]))).status_code, 403

    return case


def _of_another_form(shop: Office, action: str) -> tuple[int, int]:
    names = sorted(FORMS)
    other = names[names.index(action) - 1]
    with shop.browser("ann") as ann:
        return send(ann, action, ann.token(FORMS[other][0])).status_code, 403


def _of_another_environment(shop: Office, action: str) -> tuple[int, int]:
    with shop.browser("ann") as ann:
        token = ann.token("/e/shop/dev/deploy?version=1.0%2B2")
        return send(ann, action, token).status_code, 403


def _headers(**headers: str) -> Callable[[Office, str], tuple[int, int]]:
    given = {name.replace("_", "-"): value for name, value in headers.items()}

    def case(shop: Office, action: str) -> tuple[int, int]:
        with shop.browser("ann") as ann:
            token = ann.token(FORMS[action][0])
            return send(ann, action, token, **given).status_code, 403

    return case


def _by_get(shop: Office, action: str) -> tuple[int, int]:
    with shop.browser("ann") as ann:
        token = ann.token(FORMS[action][0])
        return ann.get(f"{FORMS[action][0]}&token={token}").status_code, 200


def _in_the_address(shop: Office, action: str) -> tuple[int, int]:
    with shop.browser("ann") as ann:
        token = ann.token(FORMS[action][0])
        return ann.post(f"{FORMS[action][0]}&token={token}", {}).status_code, 403


def _another_method(shop: Office, action: str) -> tuple[int, int]:
    with shop.browser("ann") as ann:
        return ann.client.put(f"{BOARD}/e/shop/prod/{action}").status_code, 405


def _hidden(shop: Office, action: str) -> tuple[int, int]:
    with shop.browser("ann") as ann, pytest.MonkeyPatch.context() as patch:
        token = ann.token(FORMS[action][0])
        hide(patch, "shop", user="ann")
        return send(ann, action, token).status_code, 404


def _too_long(shop: Office, action: str) -> tuple[int, int]:
    with shop.browser("ann") as ann:
        fields = {"token": ann.token(FORMS[action][0]), **FORMS[action][1], "more": "x" * 40_000}
        return ann.post(f"/e/shop/prod/{action}", fields).status_code, 403


CASES: dict[str, Callable[[Office, str], tuple[int, int]]] = {
    "no login": _no_login,
    "may only look": _viewer,
    "another user's token": _other_user,
    "a token of another browser": _other_session,
    "no session": _no_session,
    "no token": _token(lambda _: ""),
    "a token with another end": _token(lambda one: one[:-1] + ("0" if one[-1] != "0" else "1")),
    "a token made newer": _token(lambda one: f"9{one}"),
    "a token of another run": _token(lambda one: one.replace(one.split(".")[1], "0" * 16)),
    "no token at all, only words": _token(lambda _: "<script>"),
    "the token of another form": _of_another_form,
    "the token of another environment": _of_another_environment,
    "a foreign origin": _headers(origin="https://evil.example"),
    "an origin that begins alike": _headers(origin=f"{ORIGIN}.evil.example"),
    "an origin on another port": _headers(origin=f"{ORIGIN}:81"),
    "an origin that hides itself": _headers(origin="null"),
    "no origin at all": _headers(origin=""),
    "a foreign site": _headers(sec_fetch_site="cross-site"),
    "a sister site": _headers(sec_fetch_site="same-site"),
    "typed by hand": _headers(sec_fetch_site="none", origin=""),
    "plain text": _headers(content_type="text/plain"),
    "JSON": _headers(content_type="application/json"),
    "a form with parts": _headers(content_type="multipart/form-data; boundary=x"),
    "by an address that is opened": _by_get,
    "fields in the address": _in_the_address,
    "by another method": _another_method,
    "on a project that is hidden": _hidden,
    "too long": _too_long,
}


@pytest.mark.parametrize("case", sorted(CASES))
def test_nothing_is_done_that_a_person_did_not_ask_for_here(shop: Office, case: str) -> None:
    for action in FORMS:
        status, expected = CASES[case](shop, action)
        assert status == expected, action
        assert done(shop) == 0, action


def test_the_table_is_as_long_as_the_page_says() -> None:
    from pathlib import Path

    page = (Path(__file__).resolve().parents[4] / "docs" / "board.md").read_text()
    assert (
        f"{len(CASES)} ways in, each with {len(FORMS)} forms: {len(CASES) * len(FORMS)} cases"
        in page
    )


def _person() -> Any:
    from slipway.hooks.airflow_people import Person

    return Person(id="", name="", user=None)


PERSON = _person()
