"""Nobody's proposal decides what a release is built with."""

from __future__ import annotations

from typing import Any

import pytest

from slipway.model.event import Event
from slipway.model.facts import Checkout, Release
from slipway.policies.cache_scope import DELIVERED, scopes_of


def checkout(event: Event | None, **more: Any) -> Checkout:
    fields: dict[str, Any] = {
        "release": Release(project="shop", sha="a" * 40, version="1"),
        "repository": "https://git.example.com/shop.git",
        "ref": "main",
        "branch": "main",
        "message": "m",
        "author_name": "Ada",
        "author_email": "ada@example.com",
        "committed_at": 0,
        "delivered": "main",
        "event": event,
    }
    return Checkout(**(fields | more))


def proposed(*, fork: bool, number: int = 7) -> Event:
    return Event.pull_request(number, branch="main", source="main", fork=fork)


@pytest.mark.parametrize(
    "event", [Event.push("main"), Event.of_schedule("nightly", "main"), None], ids=str
)
def test_what_is_delivered_keeps_what_it_begins_with(event: Event | None) -> None:
    found = scopes_of(checkout(event))
    assert (found.read, found.written) == ((DELIVERED,), DELIVERED)


@pytest.mark.parametrize(
    "event",
    [
        proposed(fork=False),
        Event.push("main2"),
        Event.push("delivered"),
        Event.push("main/x"),
        Event.of_schedule("nightly", "release/1"),
    ],
    ids=lambda one: one.ref,
)
def test_what_is_not_delivered_keeps_its_own_apart(event: Event) -> None:
    found = scopes_of(checkout(event))
    assert found.written not in ("", DELIVERED)
    assert found.read == (found.written, DELIVERED)


@pytest.mark.parametrize(
    "event",
    [proposed(fork=True), Event.of_tag("v1"), Event.of_commit("a" * 40)],
    ids=lambda one: one.ref,
)
def test_strangers_and_what_may_be_on_any_branch_keep_nothing(event: Event) -> None:
    found = scopes_of(checkout(event, branch="main"))
    assert (found.read, found.written) == ((DELIVERED,), "")


def test_two_pull_requests_share_nothing() -> None:
    one, other = (scopes_of(checkout(proposed(fork=False, number=n))) for n in (1, 11))
    assert one.written != other.written


def test_a_checkout_of_before_the_delivered_branch_was_noted_is_not_taken_for_it() -> None:
    assert scopes_of(checkout(Event.push("main"), delivered="")).written != DELIVERED


def test_no_branch_has_a_name_that_leads_elsewhere_in_the_store() -> None:
    found = scopes_of(checkout(Event.push("../../releases/shop")))
    assert found.written.replace("-", "").isalnum()
