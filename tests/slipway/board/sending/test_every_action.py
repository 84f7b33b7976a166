"""Every change that the plugin's pages and doors know, tried as nobody should: counted whole."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from starlette.routing import BaseRoute, Route

from slipway import plugin
from slipway.board.actions import Action
from slipway.board.forms import Forms
from slipway.hooks.airflow_people import Person
from tests.slipway.board.boards import Office
from tests.slipway.board.sending.sent import FORMS, done, send

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_CHANGES = {"POST", "PUT", "PATCH", "DELETE"}
# Each route by which something is changed, and where it is tried: people's is here; a git host and
# a task have no login, they sign what they send.
DOORS = {
    "/slipway/board/e/{project}/{environment}/{action}": "tests/slipway/board/sending",
    "/slipway/hooks/{project}": "tests/slipway/webhooks/test_hostile.py",
    "/slipway/notes/": "tests/slipway/test_run_notes.py",
}
ROOT = Path(__file__).resolve().parents[4]


def doors() -> Iterator[str]:
    for one in plugin.apps():
        app: Any = one["app"].make()
        app = getattr(app, "_app", app)  # the board's headers are around it
        routes: list[BaseRoute] = app.routes
        for route in routes:
            if isinstance(route, Route) and (route.methods or set()) & _CHANGES:
                yield one["url_prefix"] + route.path


def test_no_route_that_changes_something_is_left_out_of_the_table() -> None:
    assert set(doors()) == set(DOORS)
    assert all((ROOT / tried).exists() for tried in DOORS.values())
    assert set(FORMS) == {one.value for one in Action}
    assert (len(FORMS), len(ATTACKS), len(TABLE)) == (7, 4, 28)


def _no_login(shop: Office, action: str) -> list[int]:
    with shop.browser("ann") as ann:
        token, session = ann.token(FORMS[action][0]), ann.client.cookies["slipway_board"]
    with shop.browser() as nobody:
        nobody.client.cookies.set("slipway_board", session)
        return [send(nobody, action, token).status_code]


def _without_the_right(shop: Office, action: str) -> list[int]:
    """With another user's token first, then with one of their own that they made up."""
    who = Person(id="vic", name="vic", user=None)
    with shop.browser("ann") as ann, shop.browser("vic", "VIEWER") as vic:
        theirs = ann.token(FORMS[action][0])
        assert 'name="token"' not in vic.get(FORMS[action][0]).text
        own = Forms(lambda: b"k" * 32).token(
            who, vic.client.cookies["slipway_board"], f"{action} shop/prod"
        )
        return [send(vic, action, one).status_code for one in (theirs, own)]


def _forged(shop: Office, action: str) -> list[int]:
    with shop.browser("ann") as ann:
        token = ann.token(FORMS[action][0])
        return [
            send(ann, action, "").status_code,
            send(ann, action, token[:-1] + ("0" if token[-1] != "0" else "1")).status_code,
            send(ann, action, token, origin="https://evil.example").status_code,
        ]


def _twice_at_once(shop: Office, action: str) -> list[int]:
    with shop.browser("ann") as ann:
        token, statuses = ann.token(FORMS[action][0]), list[int]()
        senders = [
            threading.Thread(target=lambda: statuses.append(send(ann, action, token).status_code))
            for _ in range(4)
        ]
        for one in senders:
            one.start()
        for one in senders:
            one.join()
    return sorted(statuses)


# What is tried, what it is answered, and how often something is done then.
ATTACKS: dict[str, tuple[Callable[[Office, str], list[int]], list[int], int]] = {
    "no login": (_no_login, [401], 0),
    "without the right": (_without_the_right, [403, 403], 0),
    "a forged form": (_forged, [403, 403, 403], 0),
    "twice at once": (_twice_at_once, [303] * 4, 1),
}
TABLE = [(action.value, attack) for action in Action for attack in ATTACKS]


@pytest.mark.parametrize(("action", "attack"), TABLE)
def test_each_action_is_done_once_by_whoever_may_and_by_nobody_else(
    shop: Office, action: str, attack: str
) -> None:
    attempt, expected, times = ATTACKS[attack]
    if (action, attack) == ("approve", "twice at once"):
        expected = [303, 409, 409, 409]  # an answer that comes second says so
    assert attempt(shop, action) == expected
    assert done(shop) == times
