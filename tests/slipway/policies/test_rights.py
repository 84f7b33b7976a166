"""Who may do what: by login and role, and whose yes counts."""

from __future__ import annotations

import pytest

from slipway.policies.rights import May, Person, Right, Rules, is_by, no_yes, refusal

ANN, BOB = Person(name="ann", roles=("leads",)), Person(name="bob", roles=("Op",))
NOBODY = Person(name="")


@pytest.mark.parametrize("right", list(Right))
def test_who_is_not_named_lets_everybody(right: Right) -> None:
    assert refusal(May(), right, BOB, "prod") is None
    assert refusal(May(), right, NOBODY, "prod") is None


@pytest.mark.parametrize("right", list(Right))
@pytest.mark.parametrize(
    ("named", "ann", "bob"),
    [
        (("ann",), True, False),
        (("role:leads",), True, False),
        (("role:Op", "ann"), True, True),
        ((), False, False),
        # Neither case, nor a role without its word, nor a login that reads like a role.
        (("Ann", "leads", "role:op", "role:ann"), False, False),
    ],
)
def test_a_login_or_a_role_has_a_right(
    right: Right, named: tuple[str, ...], ann: bool, bob: bool
) -> None:
    may = May(**{right.value: named})
    told = [refusal(may, right, one, "prod") for one in (ANN, BOB, NOBODY)]
    assert [one is None for one in told] == [ann, bob, False]


def test_a_login_that_is_called_like_a_role_has_not_its_rights() -> None:
    may = May(deploy=("role:leads",))
    assert refusal(may, Right.DEPLOY, Person(name="role:leads"), "prod") is not None


def test_a_refusal_names_those_who_may() -> None:
    may = May(deploy=("ann", "role:leads"))
    assert refusal(may, Right.DEPLOY, BOB, "prod") == (
        "bob may not deploy to prod: ann, whoever has the role leads may"
    )


def refused(rules: Rules, who: str, **more: object) -> str | None:
    facts: dict[str, object] = {"environment": "prod", "started_by": "bob", "authors": ()}
    return no_yes(rules, Person(name=who), **{**facts, **more})  # type: ignore[arg-type]


def test_without_rules_whoever_answers_approves() -> None:
    assert refused(Rules(), "bob", authors=["bob <bob@x>"]) is None


def test_nobody_says_yes_twice() -> None:
    assert refused(Rules(approvals=2), "ann", earlier=["ann"]) is not None
    assert refused(Rules(approvals=2), "ann", earlier=["bob"]) is None


def test_four_eyes_are_two_peoples() -> None:
    rules = Rules(four_eyes=True)
    assert refused(rules, "bob") == "who starts a run does not approve it here"
    assert refused(rules, "BOB") is not None
    assert refused(rules, "ann") is None
    mine = ["Carl <carl@x>", "Ann Lee <ann@example.com>"]
    assert refused(rules, "ann", authors=mine) == "a commit of it is by Ann Lee <ann@example.com>"


@pytest.mark.parametrize(
    ("login", "author", "own"),
    [
        ("ann", "Ann Lee <ann@example.com>", True),
        ("ANN@example.com", "A <ann@Example.com>", True),
        ("Ann Lee", "Ann Lee <other@x>", True),
        ("u123", "Ann Lee <other@x>", True),
        ("u124", "Ann Lee <other@x>", False),
        ("an", "Ann Lee <ann@example.com>", False),
        ("", " <>", False),
        ("example.com", "Ann <ann@example.com>", False),
    ],
)
def test_a_commit_is_somebodys_by_name_or_address(login: str, author: str, own: bool) -> None:
    assert is_by(login, author, {"u123": ("ann lee",)}) is own
