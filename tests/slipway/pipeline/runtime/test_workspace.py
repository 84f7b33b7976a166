"""Who owns the workspace, and when it changes hands."""

from __future__ import annotations

from dataclasses import replace

import pytest

from slipway.model.container import ImageFacts
from slipway.pipeline.runtime.workspace import trusting_git
from tests.fakes.container_engine import Play
from tests.slipway.pipeline.runtime.after_a_failure.begun import APART, Begun
from tests.slipway.pipeline.runtime.runner.cases import Case, steps

PLAIN = ImageFacts(id="sha256:1", ports=(), has_healthcheck=False)


def owners(case: Case) -> list[tuple[str, str]]:
    """List each change of hands: the step that it was for, and the new owner."""
    case.run()
    made = (spec for spec in case.engine.specs if spec.entrypoint == ("chown",))
    return [(spec.name.split("-")[3], spec.argv[2]) for spec in made if spec.argv]


@pytest.mark.parametrize("root", ["root", "'0'", "'0:0'", "root:root", "'0:1000'"])
def test_where_all_are_root_nothing_changes_hands(root: str) -> None:
    assert owners(Case(steps(a="", b=f"user: {root}", c=""))) == []


def test_it_changes_hands_before_whoever_is_somebody_else() -> None:
    text = steps(a="", b="user: '1000'", c="user: '1000'", d="user: 'node:node'", e="")
    assert owners(Case(text)) == [("b", "1000"), ("d", "node:node"), ("e", "0")]


def test_an_images_own_user_counts_and_a_steps_own_more() -> None:
    image = {"i": replace(PLAIN, user="node")}
    assert owners(Case(steps(a="", b="user: root"), images=image)) == [("a", "node"), ("b", "0")]


def test_what_was_made_beside_is_handed_over_again() -> None:
    made: list[Case] = []
    plays = {"beside": Play(until=Begun(made, "run-step-4-c"))}
    text = steps(
        beside=APART,
        a=f"user: '7', {APART}",
        b="user: '7', depends_on: [a]",
        c="user: '7', depends_on: [b]",
    )
    made.append(Case(text, plays))
    assert [owner for owner in owners(made[0]) if owner[0] != "a"] == [("b", "7"), ("c", "7")]


def test_an_image_without_chown_is_said_and_the_step_runs_all_the_same() -> None:
    case = Case(steps(a="user: '7'"), {"run-step-1-a-owner": Play(no_program=True)})
    assert case.states() == {"a": "passed"}
    assert any("could not be made 7's own" in line for line in case.log)


def test_who_hands_it_over_sees_nothing_else_and_has_no_more_rights() -> None:
    case = Case(steps(a="user: '--reference=/etc/shadow', environment: {T: {from_secret: t}}"))
    case.run()
    owner = next(spec for spec in case.engine.specs if spec.entrypoint == ("chown",))
    assert owner.argv == ("-Rh", "--", "--reference=/etc/shadow", "/drone/src")
    assert (owner.network, owner.environment, dict(owner.volumes)) == (
        "none",
        {},
        {"run": "/drone/src"},
    )
    assert (owner.security.drop, owner.security.privileged) == (("ALL",), False)


def test_git_works_whoever_owns_the_workspace_and_keeps_what_it_was_told() -> None:
    assert trusting_git({}) == {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*",
    }
    own = {"GIT_CONFIG_COUNT": "2", "GIT_CONFIG_KEY_0": "a.b", "GIT_CONFIG_KEY_1": "c.d"}
    assert trusting_git(own) == {
        "GIT_CONFIG_COUNT": "3",
        "GIT_CONFIG_KEY_2": "safe.directory",
        "GIT_CONFIG_VALUE_2": "*",
    }
    assert trusting_git({"GIT_CONFIG_COUNT": "x"}) == {}
