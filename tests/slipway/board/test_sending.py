"""What people do on the board, and what others have their browsers do: a counted table."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from slipway.board.forms import LONGEST_OPEN, Forms, is_own_page
from slipway.hooks.airflow_progress import Live
from slipway.hooks.store.approvals import Proposal
from tests.slipway.board.boards import BOARD, ORIGIN, Browser, Office, filled, hide, office

PROPOSAL: Proposal = filled()[0].proposals["manual__1"]
# What each form is for: its page, and what it sends beside its token.
FORMS: dict[str, tuple[str, dict[str, str]]] = {
    "deploy": ("/e/shop/prod/deploy?version=1.0%2B2", {"version": "1.0+2"}),
    "roll-back": ("/e/shop/prod/roll-back?version=1.0%2B0", {"version": "1.0+0"}),
    "approve": (
        "/e/shop/prod/approve?run=manual__1",
        {"run": "manual__1", "plan": PROPOSAL.digest, "answer": "Approve", "reason": "fine"},
    ),
    "hold": ("/e/shop/prod/hold?x=", {"reason": "load test"}),
    "resume": ("/e/shop/prod/resume?x=", {"reason": ""}),
    "reject": ("/e/shop/prod/reject?version=1.0%2B2", {"version": "1.0+2", "reason": "it burns"}),
}


def send(browser: Browser, action: str, token: str, **headers: str) -> Any:
    fields = {"token": token, **FORMS[action][1]}
    return browser.post(f"/e/shop/prod/{action}", fields, headers)


def done(shop: Office) -> int:
    return len(shop.airflow.started) + len(shop.airflow.answered)


def test_a_release_is_deployed_by_a_run_in_the_persons_name(shop: Office) -> None:
    with shop.browser("ann") as ann:
        answer = send(ann, "deploy", ann.token(FORMS["deploy"][0]))
    assert answer.status_code == 303
    [((dag_id, run_id), started)] = shop.airflow.started.items()
    assert (dag_id, started) == ("shop.prod", ("ann", {"version": "1.0+2"}))
    assert run_id.startswith("board__20")
    assert answer.headers["location"].startswith(f"{BOARD}/e/shop/prod?run=board__20")


def test_a_roll_back_names_the_release_that_was_shown(shop: Office) -> None:
    with shop.browser("ann") as ann:
        assert send(ann, "roll-back", ann.token(FORMS["roll-back"][0])).status_code == 303
    assert [*shop.airflow.started.values()] == [("ann", {"version": "1.0+0"})]


def test_a_reason_within_a_freeze_goes_with_the_run_where_its_dag_asks_for_one(
    shop: Office,
) -> None:
    fields = {"version": "1.0+2", "reason": " it\nburns "}
    with shop.browser("ann") as ann:
        for known in ({"version", "override_freeze"}, {"version"}):
            shop.airflow.known = known
            token = ann.token(FORMS["deploy"][0])
            ann.post("/e/shop/prod/deploy", {"token": token, **fields})
    assert [conf for _, conf in shop.airflow.started.values()] == [
        {"version": "1.0+2", "override_freeze": "it burns"},
        {"version": "1.0+2"},
    ]


@pytest.mark.parametrize("choice", ["Approve", "Reject"])
def test_a_second_person_answers_in_their_own_name(shop: Office, choice: str) -> None:
    fields = FORMS["approve"][1] | {"answer": choice}
    with shop.browser("bob") as bob:
        token = bob.token(FORMS["approve"][0])
        answer = bob.post("/e/shop/prod/approve", {"token": token, **fields})
    assert answer.status_code == 303
    said = ("bob", "shop.prod", "manual__1", "approve", choice, "fine")
    assert shop.airflow.answered == [said]


def test_the_plan_is_shown_line_by_line(shop: Office) -> None:
    with shop.browser("bob") as bob:
        page = bob.get(FORMS["approve"][0]).text
    assert all(line in page for line in PROPOSAL.lines)
    assert PROPOSAL.digest in page


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

    page = (Path(__file__).resolve().parents[3] / "docs" / "board.md").read_text()
    assert (
        f"{len(CASES)} ways in, each with {len(FORMS)} forms: {len(CASES) * len(FORMS)} cases"
        in page
    )


CONTROLLED = {
    "hold": {"action": "hold", "project": "shop", "environment": "prod", "why": "load test"},
    "resume": {"action": "resume", "project": "shop", "environment": "prod", "why": ""},
    "reject": {"action": "reject", "project": "shop", "version": "1.0+2", "why": "it burns"},
}


@pytest.mark.parametrize("action", sorted(CONTROLLED))
def test_a_hold_and_a_rejection_are_runs_in_the_persons_name(shop: Office, action: str) -> None:
    with shop.browser("ann") as ann:
        answer = send(ann, action, ann.token(FORMS[action][0]))
        assert answer.status_code == 303
        page = ann.get(answer.headers["location"].removeprefix(BOARD)).text
    assert "What you asked for begins" in page
    [((dag_id, _), started)] = shop.airflow.started.items()
    assert (dag_id, started) == ("controls", ("ann", CONTROLLED[action]))


def test_an_airflow_that_cannot_hold_offers_it_to_nobody(shop: Office) -> None:
    shop.airflow.controls = False
    with shop.browser("ann") as ann:
        assert "/hold" not in ann.get("/e/shop/prod").text
        assert 'name="token"' not in ann.get("/e/shop/prod/hold").text


@pytest.mark.parametrize("action", ["deploy", "roll-back", "hold", "reject"])
def test_a_form_that_is_sent_twice_at_once_starts_one_run(shop: Office, action: str) -> None:
    with shop.browser("ann") as ann:
        token = ann.token(FORMS[action][0])
        statuses: list[int] = []
        senders = [
            threading.Thread(target=lambda: statuses.append(send(ann, action, token).status_code))
            for _ in range(4)
        ]
        for one in senders:
            one.start()
        for one in senders:
            one.join()
    assert statuses == [303] * 4
    assert done(shop) == 1


def test_an_answer_is_given_once(shop: Office) -> None:
    with shop.browser("ann") as ann, shop.browser("bob") as bob:
        tokens = ann.token(FORMS["approve"][0]), bob.token(FORMS["approve"][0])
        assert send(ann, "approve", tokens[0]).status_code == 303
        late = send(bob, "approve", tokens[1])
    assert late.status_code == 409
    assert "Somebody has answered already" in late.text
    assert [one[0] for one in shop.airflow.answered] == ["ann"]


def test_a_form_that_was_changed_after_it_was_sent_starts_nothing_more(shop: Office) -> None:
    with shop.browser("ann") as ann:
        token = ann.token(FORMS["deploy"][0])
        send(ann, "deploy", token)
        again = ann.post("/e/shop/prod/deploy", {"token": token, "version": "1.0+0"})
    assert again.status_code == 409
    assert [conf for _, conf in shop.airflow.started.values()] == [{"version": "1.0+2"}]


REFUSED: dict[str, tuple[str, Mapping[str, str]]] = {
    "no such release": ("deploy", {"version": "9.9"}),
    "no release": ("deploy", {}),
    "a word": ("deploy", {"version": "newest"}),
    "a template": ("deploy", {"version": "{{ var.value.x }}"}),
    "no reason to hold": ("hold", {"reason": " \n "}),
    "no reason to reject": ("reject", {"version": "1.0+2"}),
    "no release to reject": ("reject", {"version": "9.9", "reason": "x"}),
    "another plan": ("approve", FORMS["approve"][1] | {"plan": "0" * 32}),
    "no plan": ("approve", {"run": "manual__1", "answer": "Approve"}),
    "another run": ("approve", FORMS["approve"][1] | {"run": "manual__2"}),
    "neither yes nor no": ("approve", FORMS["approve"][1] | {"answer": "Perhaps"}),
}


@pytest.mark.parametrize("case", sorted(REFUSED))
def test_what_cannot_be_done_says_why(shop: Office, case: str) -> None:
    action, fields = REFUSED[case]
    with shop.browser("ann") as ann:
        token = ann.token(FORMS[action][0])
        answer = ann.post(f"/e/shop/prod/{action}", {"token": token, **fields})
    assert answer.status_code == 409
    assert "Not done" in answer.text
    assert done(shop) == 0


def test_a_question_that_was_answered_meanwhile_is_not_asked(shop: Office) -> None:
    shop.airflow.under_way = Live()
    with shop.browser("ann") as ann:
        answer = ann.get(FORMS["approve"][0])
    assert answer.status_code == 409
    assert "somebody has answered, or it has ended" in answer.text


def test_a_plan_for_another_environment_is_not_shown_as_this_ones(shop: Office) -> None:
    shop.model.proposals["manual__1"] = dataclasses.replace(PROPOSAL, environment="dev")
    with shop.browser("ann") as ann:
        assert ann.get(FORMS["approve"][0]).status_code == 409


def test_a_form_lies_open_for_a_day_at_most() -> None:
    now = [1_795_000_000.0]
    shop = office(*filled(), Forms(lambda: b"k" * 32, lambda: now[0]))
    with shop.browser("ann") as ann:
        token = ann.token(FORMS["deploy"][0])
        now[0] += LONGEST_OPEN + 1
        assert send(ann, "deploy", token).status_code == 403
        now[0] -= 2
        assert send(ann, "deploy", token).status_code == 303


def test_a_login_by_token_needs_the_form_as_well(shop: Office) -> None:
    from tests.slipway.board.boards import jwt

    bearer = {"authorization": f"Bearer {jwt('ann', 'USER')}"}
    with shop.browser() as script:
        answer = script.post("/e/shop/prod/deploy", FORMS["deploy"][1], bearer)
        assert answer.status_code == 403
        page = script.get(FORMS["deploy"][0], **bearer)
        token = page.text.partition('name="token" value="')[2].partition('"')[0]
        fields = {"token": token, **FORMS["deploy"][1]}
        assert script.post("/e/shop/prod/deploy", fields, bearer).status_code == 303


@pytest.mark.parametrize(
    ("headers", "base", "own"),
    [
        ({"origin": "https://ci.example", "host": "ci.example"}, "", True),
        ({"origin": "https://CI.example", "host": "ci.example"}, "", True),
        # Behind a proxy that gives another name.
        ({"origin": "https://ci.example", "host": "10.0.0.1:8080"}, "https://ci.example/air", True),
        ({"origin": "https://ci.example", "host": "10.0.0.1:8080"}, "", False),
        ({"origin": "file://ci.example", "host": "ci.example"}, "", False),
        ({"origin": "", "host": ""}, "", False),
        ({"origin": "null", "host": ""}, "", False),
        ({"sec-fetch-site": "same-origin", "host": "ci.example"}, "", True),
        ({"sec-fetch-site": "same-origin", "origin": "https://evil", "host": "ci"}, "", False),
        ({"host": "ci.example"}, "", False),
    ],
)
def test_which_page_a_form_came_from(headers: Mapping[str, str], base: str, own: bool) -> None:
    assert is_own_page(headers, base) is own


def _person() -> Any:
    from slipway.hooks.airflow_people import Person

    return Person(id="", name="", user=None)


PERSON = _person()
