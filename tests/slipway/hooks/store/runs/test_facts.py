"""What a run signed, and what a fact's digest is of."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from slipway.hooks.store.runs.facts import digest
from slipway.model.event import Event
from slipway.model.facts import Checkout
from tests.slipway.operators.releases import make_record

CHECKOUT = dataclasses.replace(make_record("1").checkout, event=Event.push("main"), position=3)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class CheckoutOfTomorrow(Checkout):
    """A fact after an upgrade."""

    more: str | None = None


@pytest.mark.parametrize(
    "edit",
    [
        {"event": Event.push("other")},
        {"event": Event.of_tag("main")},
        {"event": None},
        {"branch": "other"},
        {"tag": "v1"},
        {"position": 4},
        {"release": make_record("2").checkout.release},
    ],
)
def test_a_fact_that_says_something_else_has_another_digest(edit: dict[str, Any]) -> None:
    assert digest(dataclasses.replace(CHECKOUT, **edit)) != digest(CHECKOUT)


def test_a_digest_survives_json_and_an_upgrade() -> None:
    told = CHECKOUT.to_json()
    assert digest(Checkout.from_json(told)) == digest(CHECKOUT)
    assert digest(CheckoutOfTomorrow.from_json(told)) == digest(CHECKOUT)
    assert digest(CheckoutOfTomorrow.from_json({**told, "more": "said"})) != digest(CHECKOUT)
