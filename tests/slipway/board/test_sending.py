"""What people do on the board, and what others have their browsers do: a counted table."""

from __future__ import annotations

import dataclasses
import threading
from typing import TYPE_CHECKING

import pytest

from slipway.board.forms import LONGEST_OPEN, Forms, is_own_page
from slipway.hooks.airflow_progress import Live
from tests.slipway.board.boards import Office, filled, office
from tests.slipway.board.people import BOARD
from tests.slipway.board.sending.sent import FORMS, PROPOSAL, done, send

if TYPE_CHECKING:
    from collections.abc import Mapping


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


CONTROLLED = {
    "hold": {"action": "hold", "project": "shop", "environment": "prod", "why": "load test"},
    "resume": {"action": "resume", "project": "shop", "environment": "prod", "why": ""},
    "reject": {"action": "reject", "project": "shop", "version": "1.0+2", "why": "it burns"},
    "cancel": {
        "action": "cancel",
        "project": "shop",
        "environment": "prod",
        "run": "manual__8",
        "why": "not today",
    },
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


@pytest.mark.parametrize("action", ["deploy", "roll-back", "hold", "reject", "cancel"])
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
    "a run that has begun": ("cancel", {"run": "manual__1"}),
    "no run": ("cancel", {}),
    "no time": ("deploy", {"version": "1.0+2", "at": "tomorrow"}),
    "no zone": ("deploy", {"version": "1.0+2", "at": "2099-12-01 06:00"}),
    "a time that is over": ("deploy", {"version": "1.0+2", "at": "2020-12-01 06:00 UTC"}),
    "a time too far ahead": ("deploy", {"version": "1.0+2", "at": "2099-12-01 06:00 UTC"}),
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
    from tests.slipway.board.people import jwt

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


def test_settings_of_today_come_by_a_run_that_is_told_so(shop: Office) -> None:
    with shop.browser("ann") as ann:
        page = ann.get("/e/shop/prod").text
        form = "/e/shop/prod/deploy?version=same"
        assert "Bring settings" in page
        assert "with the settings and the base image of today" in ann.get(form).text
        fields = {"token": ann.token(form), "version": "same"}
        assert ann.post("/e/shop/prod/deploy", fields).status_code == 303
        # A way back has a release to go back to.
        assert ann.get("/e/shop/prod/roll-back?version=same").status_code == 404
    assert [*shop.airflow.started.values()] == [("ann", {"version": "same"})]
