"""A run that was deferred, or died with its lease, before an upgrade goes on after it."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import pytest

from slipway.hooks.apt.lock import LockRecord, _read
from slipway.hooks.fleet.lease import read_holder
from slipway.model.cloud.lease import LeaseRecord, UnfinishedSwap
from slipway.model.facts import MachineImage
from slipway.model.target import DeployTarget
from tests.slipway.stored.forms import kept

DEFERRED = json.loads(Path(__file__).with_name("deferred.json").read_text())
TARGETS = kept()[f"{DeployTarget.__module__}.DeployTarget"]
IMAGES = kept()[f"{MachineImage.__module__}.MachineImage"]


@pytest.mark.parametrize("age", [0, -1], ids=["before the move", "today"])
@pytest.mark.parametrize(("path", "told"), DEFERRED)
def test_a_trigger_of_before_is_found_by_its_name_and_takes_what_it_was_told(
    path: str, told: dict[str, Any], age: int
) -> None:
    full = told | {"environment": TARGETS[age], "image": IMAGES[age]}
    given = {name: full[name] for name in told}
    module, _, name = path.rpartition(".")
    again, arguments = getattr(importlib.import_module(module), name)(**given).serialize()
    assert again == path
    assert given.items() <= arguments.items()


@pytest.mark.parametrize(
    ("value", "swaps"),
    [
        ({"swaps": [{"release": "2", "passed": True}]}, [UnfinishedSwap(release="2", soaked=True)]),
        (
            {"swaps": [{"release": "2", "passed": False, "plan": "p", "name": "n"}]},
            [UnfinishedSwap(release="2", soaked=False, plan="p", name="n")],
        ),
        ({}, []),
    ],
    ids=["before the move", "today", "before swaps were noted"],
)
def test_a_lease_of_before_is_understood(
    value: dict[str, Any], swaps: list[UnfinishedSwap]
) -> None:
    held = {"owner": "a run", "generation": 3, "token": "t", **value}
    expected = LeaseRecord(owner="a run", generation=3, token="t", swaps=tuple(swaps))
    assert read_holder(json.dumps(held)) == expected


@pytest.mark.parametrize("more", [{}, {"touched": 7}], ids=["first version", "today"])
def test_the_lock_on_an_apt_repository_is_understood(more: dict[str, int]) -> None:
    held = {"owner": "a run", "generation": 3, "token": "t", **more}
    found = _read("etag", json.dumps(held).encode())
    assert found.record == LockRecord(owner="a run", generation=3, token="t", **more)
    assert not found.by_hand
