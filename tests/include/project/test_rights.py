"""``may``, ``approvals`` and ``four_eyes`` in a project file, and what could never be met."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from include.delivery.commit_dag import build
from include.delivery.controls.rights import rules_of
from include.project.loader import PROJECTS, load_project
from include.project.model import Project
from slipway.operators.approve import ApproveReleaseOperator
from slipway.policies.rights import May, Rules


@pytest.fixture(scope="module")
def written() -> dict[str, Any]:
    fields = load_project(PROJECTS / "guestbook.yaml").model_dump(by_alias=True, exclude_unset=True)
    return dict(fields)


def project(written: dict[str, Any], prod: dict[str, Any], **more: Any) -> Project:
    environments = {**written["environments"]}
    environments["prod"] = {**environments["prod"], **prod}
    return Project.model_validate({**written, **more, "environments": environments})


def test_a_file_without_them_asks_as_before(written: dict[str, Any]) -> None:
    assert rules_of(project(written, {}), "prod") == Rules()


def test_what_a_file_says_is_what_tasks_ask(written: dict[str, Any]) -> None:
    prod = {
        "may": {"deploy": ["ann", "role:leads"], "approve": ["ann", "bob"]},
        "approvals": 2,
        "four_eyes": True,
    }
    one = project(written, prod, people={"ann": ["Ann Lee", "ann@example.com"]})
    assert rules_of(one, "prod") == Rules(
        may=May(deploy=("ann", "role:leads"), approve=("ann", "bob")),
        approvals=2,
        four_eyes=True,
        people={"ann": ("Ann Lee", "ann@example.com")},
    )
    dag: Any = build(one, "guestbook.prod")
    assert {"urgent", "pass_stop"} <= set(dag.params)
    first, second = dag.get_task("approve"), dag.get_task("approve_2")
    assert isinstance(second, ApproveReleaseOperator)
    assert (first.number, second.number) == (1, 2)
    assert second.upstream_task_ids == {"approve"}
    for task in ("preflight", "bake_image", "swap.launch", "swap.retire_old", "plan"):
        assert dag.get_task(task).admission.rules.approvals == 2


def test_commits_are_nobodys_and_a_way_back_holds_the_continuous_one(
    written: dict[str, Any],
) -> None:
    one = project(written, {})
    commits: Any = build(one, "guestbook")
    assert commits.get_task("swap.launch").admission.by_itself
    assert commits.get_task("swap.launch").back is None
    by_hand: Any = build(one, f"guestbook.{one.continuous}")
    assert not by_hand.get_task("swap.launch").admission.by_itself
    assert by_hand.get_task("swap.launch").back is not None
    prod: Any = build(one, "guestbook.prod")
    assert prod.get_task("swap.launch").back is None


@pytest.mark.parametrize(
    ("prod", "words"),
    [
        ({"may": {"aprove": ["ann"]}}, "aprove"),
        ({"may": {"deploy": ["roles:leads"]}}, "did you mean 'role:leads'"),
        ({"may": {"deploy": ["Role: leads"]}}, "did you mean 'role:leads'"),
        ({"may": {"deploy": ["user:ann"]}}, "did you mean 'ann'"),
        ({"may": {"deploy": ["role:"]}}, "neither a login nor a role"),
        ({"may": {"deploy": [" "]}}, "is no login"),
        ({"may": {"approve": []}}, "at least 1 item"),
        ({"approvals": 0}, "greater than or equal to 1"),
        ({"approval": False, "approvals": 2}, "`approvals` asks nobody without `approval: true`"),
        ({"approval": False, "four_eyes": True}, "`four_eyes` asks nobody"),
        ({"approval": False, "may": {"approve": ["ann"]}}, "`may.approve` asks nobody"),
        ({"may": {"approve": ["ann"]}, "approvals": 2}, "2 approvals, and 1 may approve"),
    ],
)
def test_what_could_never_be_met_is_a_mistake(
    written: dict[str, Any], prod: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValidationError, match=words):
        project(written, prod)
