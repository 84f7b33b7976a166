"""What programs are told of the board."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from slipway.policies.planned_time import read
from slipway.tasks.board.waits import waiting_run
from tests.slipway.board.boards import Office, hide, timed
from tests.slipway.board.people import jwt

if TYPE_CHECKING:
    import pytest


def test_programs_see_what_people_see(shop: Office) -> None:
    with shop.browser() as program:
        token = {"Authorization": f"Bearer {jwt('ann', 'USER')}"}
        found = program.get("/status.json", **token).json()["projects"]
    model = {one.project: one for one in shop.model.projects()}
    assert [one["project"] for one in found] == sorted(model)
    wanted = [model[name].for_programs() for name in sorted(model)]
    waits = waiting_run(timed())
    assert waits is not None
    for place in (place for one in wanted for place in one["environments"]):
        own = (place["project"], place["environment"]) == ("shop", "prod")
        place["waiting"] = [waits.for_programs()] if own else []
    assert found == json.loads(json.dumps(wanted))
    (shown,) = found[1]["environments"][1]["waiting"]
    assert (shown["reason"], shown["until"]) == ("time", read(shown["at"]).seconds)


def test_nobody_else_is_told_anything(shop: Office) -> None:
    with shop.browser() as program:
        answer = program.get("/status.json")
    assert answer.status_code == 401
    assert "shop" not in answer.text


def test_what_somebody_may_not_see_is_left_out(
    shop: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    hide(monkeypatch, "shop.prod", user="eve")
    with shop.browser("eve") as eve:
        found = eve.get("/status.json").json()["projects"]
    places = {one["project"]: [e["environment"] for e in one["environments"]] for one in found}
    assert "prod" not in places["shop"]
