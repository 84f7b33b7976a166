"""No call without its right, and no right without its call."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from include.iam.__main__ import roles
from include.iam.policy_document import LIMIT, Role, Statement, render
from tests.include.iam.calls import calls
from tests.include.iam.condition_keys import known, plain
from tests.include.iam.rights.roles import PLACE, ROOT

GOLDEN = Path(__file__).parent / "golden"
HOOKS = ROOT / "plugins" / "slipway" / "hooks"
ROLES = {role.name: role for role in roles(PLACE, ("shop-apt", "shop-artifacts"))}
by_role = pytest.mark.parametrize("role", ROLES.values(), ids=ROLES)


def without_right(role: Role) -> list[str]:
    found = [call for name in role.modules for call in calls(ROOT / name)]
    return [f"{call.line} {call.action}" for call in found if call.action not in role.allowed]


def without_call(role: Role) -> set[str]:
    made = {call.action for name in role.modules for call in calls(ROOT / name)}
    return set(role.allowed - role.explained - made)


@by_role
def test_each_call_is_allowed(role: Role) -> None:
    assert without_right(role) == []


@by_role
def test_each_right_is_needed(role: Role) -> None:
    assert without_call(role) == set()


@by_role
def test_each_reason_stands_for_rights_that_no_call_shows(role: Role) -> None:
    """Where the code makes the call by now, the right belongs among those that are checked."""
    made = {call.action for name in role.modules for call in calls(ROOT / name)}
    whole = {a for one in role.statements if not one.reason for a in one.actions}
    assert (role.explained - whole) & made == set()


def test_each_file_that_calls_aws_belongs_to_a_role() -> None:
    known = {ROOT / name for role in ROLES.values() for name in role.modules}
    for file in sorted((ROOT / "plugins").rglob("*.py")):
        assert file in known or calls(file) == [], f"give {file.name} to a role in include/iam"


def test_a_missing_right_names_the_line() -> None:
    role = ROLES["deploy"]
    kept = tuple(
        replace(one, actions=tuple(a for a in one.actions if a != "ssm:PutParameter"))
        for one in role.statements
    )
    (said,) = without_right(replace(role, statements=kept))
    assert said.startswith("lease.py:")
    assert said.endswith(" ssm:PutParameter")


def test_a_right_too_many_is_noticed() -> None:
    more = Statement(sid="More", actions=("ec2:RebootInstances",))
    role = replace(ROLES["bake"], statements=(*ROLES["bake"].statements, more))
    assert without_call(role) == {"ec2:RebootInstances"}


def test_paginators_and_waiters_count_as_the_calls_that_they_make() -> None:
    found = {call.action for call in calls(HOOKS / "aws" / "machine_images.py")}
    assert "ec2:DescribeInstances" in found
    found = {call.action for call in calls(HOOKS / "aws" / "load_balancers.py")}
    assert "elasticloadbalancing:DescribeInstanceHealth" in found


@by_role
def test_aws_takes_the_policies(role: Role) -> None:
    policies = role.policies().values()
    for policy in policies:
        assert len(json.dumps(policy, separators=(",", ":"))) <= LIMIT
    sids = [statement["Sid"] for policy in policies for statement in policy["Statement"]]
    assert len(set(sids)) == len(sids) == len([one for one in role.statements if one.resources])
    assert all(sid.isalnum() for sid in sids)


@by_role
def test_the_policies_are_what_they_were(role: Role) -> None:
    for name, policy in role.policies().items():
        assert render(policy) == (GOLDEN / f"{name}.json").read_text()


@by_role
def test_each_condition_is_about_a_key_that_its_actions_know(role: Role) -> None:
    for one in role.statements:
        used = {plain(key) for keys in (one.conditions or {}).values() for key in keys}
        pairs = [(a, kind_of(arn)) for a in one.actions for arn in one.resources]
        understood = [keys for pair in pairs if (keys := known(*pair)) is not None]
        assert not used or understood, one.sid
        for keys in understood:
            assert used <= keys, f"{one.sid}: {used - keys}"


def kind_of(arn: str) -> str:
    return "*" if arn == "*" else arn.split(":", 5)[5].partition("/")[0].partition(":")[0]


@by_role
def test_nothing_is_changed_everywhere(role: Role) -> None:
    """A right that changes something is bound to resources, or to conditions."""
    for one in role.statements:
        if one.resources == ("*",) and not one.conditions:
            assert not one.denied
            verbs = {a.partition(":")[2] for a in one.actions}
            assert all(verb.startswith(("Describe", "Get", "List")) for verb in verbs), one.sid


def test_nothing_of_ours_is_open_to_the_world() -> None:
    """The one group that Slipway makes is the builder's, and it is open to its own network."""
    files = [*(ROOT / "plugins").rglob("*.py"), *(ROOT / "packer").rglob("*.hcl")]
    for file in files:
        text = file.read_text()
        assert "0.0.0.0/0" not in text, file
        assert "::/0" not in text, file
    opening = [
        call for file in HOOKS.rglob("*.py") for call in calls(file) if "Ingress" in call.action
    ]
    assert [call.line.partition(":")[0] for call in opening] == ["machine_images.py"]
