"""What programs are told of the board."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.slipway.board.boards import Office, hide
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
    assert found == json.loads(json.dumps(wanted))


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
