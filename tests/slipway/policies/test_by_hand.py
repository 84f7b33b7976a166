"""What was changed by hand, by what a close look at a group shows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from slipway.model.board.by_hand import HandChange
from slipway.model.cloud.group_seen import GroupSeen, Left, MachineSeen
from slipway.policies.by_hand import by_hand

OWN = "shop-dev-1 version 1"
MADE_OF = {"image": "ami-1", "instance type": "t3.micro", "security groups": "sg-1"}
SEEN = GroupSeen(
    name="shop-dev-1",
    live_since=1000,
    own_template=OWN,
    template=OWN,
    made_of=MADE_OF,
    makes=MADE_OF,
    size=(1, 2, 4),
    asked=2,
    bounds=(1, 4),
    left=Left(),
    tagged={"slipway:version": "1"},
    tags={"slipway:version": "1"},
    machines=(MachineSeen(id="i-1", template=OWN, made_of=MADE_OF),),
)
LARGER = {**MADE_OF, "instance type": "t3.large", "key pair": "ops"}


def machine(name: str = "i-1", template: str = OWN, **more: str) -> MachineSeen:
    made_of = MADE_OF | {key.replace("_", " "): value for key, value in more.items()}
    return MachineSeen(id=name, template=template, made_of=made_of)


def told(**more: Any) -> list[str]:
    found = by_hand(replace(SEEN, **more))
    return [one.words for one in found.changes] if found else []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, []),
        ({"size": (1, 5, 8)}, ["desired: 2 -> 5", "max: 4 -> 8"]),
        ({"size": (0, 2, 4)}, ["min: 1 -> 0"]),
        ({"size": (1, 5, 8), "scales": True}, ["max: 4 -> 8"]),
        ({"size": (1, 5, 8), "scales": True, "scheduled": True}, []),
        ({"size": (1, 5, 8), "asked": None, "bounds": None}, []),
        (
            {"now": Left(suspended=frozenset({"Launch", "AZRebalance"}))},
            ["suspended processes: none -> AZRebalance, Launch"],
        ),
        (
            {"left": Left(suspended=frozenset({"Launch"}))},
            ["suspended processes: Launch -> none"],
        ),
        ({"now": Left(balancers=frozenset({"b"}))}, ["further balancers: none -> b"]),
        ({"left": None, "now": Left(balancers=frozenset({"b"}))}, []),
        (
            {"template": "shop-dev-1 version 2", "makes": LARGER},
            [
                f"launch template: {OWN} -> shop-dev-1 version 2",
                "instance type: t3.micro -> t3.large",
                "key pair: none -> ops",
            ],
        ),
        ({"makes": None, "made_of": None}, [f"{OWN}: there -> gone"]),
        (
            {"template": "other version 3", "makes": None},
            [f"launch template: {OWN} -> other version 3", "other version 3: there -> gone"],
        ),
        (
            {"template": "other version 3", "made_of": None},
            [f"launch template: {OWN} -> other version 3"],
        ),
        (
            {"machines": (machine(template="other version 3"),)},
            [f"launch template of i-1: {OWN} -> other version 3"],
        ),
        (
            {"machines": (machine(template=""),)},
            [f"origin of i-1: {OWN} -> put into the group by hand"],
        ),
        (
            {"machines": (machine(security_groups="sg-1, sg-2"), machine("i-2"))},
            ["security groups of i-1: sg-1 -> sg-1, sg-2"],
        ),
        (
            {"machines": tuple(machine(f"i-{n}", image="ami-2") for n in range(5))},
            ["image of i-0, i-1, i-2, 2 more: ami-1 -> ami-2"],
        ),
        ({"tags": {"slipway:version": "2"}}, ["tag slipway:version: 1 -> 2"]),
        ({"tags": {}}, ["tag slipway:version: 1 -> none"]),
    ],
)
def test_what_somebody_changed_is_said(changed: dict[str, Any], said: list[str]) -> None:
    assert told(**changed) == said


def test_it_says_of_which_group_and_since_when() -> None:
    found = by_hand(replace(SEEN, asked=3))
    assert found is not None
    assert (found.group, found.since) == ("shop-dev-1", 1000)
    assert found.changes == (HandChange(what="desired", was="3", now="2"),)


@pytest.mark.parametrize(
    "left",
    [
        Left(),
        Left(suspended=frozenset({"Launch"})),
        Left(balancers=frozenset({"a", "b"})),
        Left(suspended=frozenset({"Launch", "Terminate"}), balancers=frozenset({"a"})),
    ],
)
def test_what_was_left_is_read_from_its_tag(left: Left) -> None:
    assert Left.from_tag(left.to_tag()) == left
    assert Left.from_tag(left.to_tag().strip()) == left


def test_balancers_whose_names_are_too_long_for_a_tag_are_still_compared() -> None:
    many = Left(balancers=frozenset(f"a-target-group-{n:017}" for n in range(9)))
    noted = Left.from_tag(many.to_tag())
    assert len(many.to_tag()) <= 256
    assert told(left=noted, now=many) == []
    assert len(told(left=noted, now=Left())) == 1


def test_a_tag_that_was_edited_by_hand_says_nothing() -> None:
    assert Left.from_tag("nonsense") is None
