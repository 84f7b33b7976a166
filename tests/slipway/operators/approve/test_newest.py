"""Of the commits that wait for a person, the newest counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException, TaskAwaitingInput

from tests.slipway.operators.approve import answers
from tests.slipway.operators.approve.answers import PROPOSAL, answer, approve, ask, kept, waiting
from tests.slipway.operators.releases import make_proposal

if TYPE_CHECKING:
    from include.project.model import Project
    from slipway.hooks.store.approvals import Proposal
    from slipway.operators.approve import ApproveReleaseOperator

pytestmark = pytest.mark.usefixtures("artifacts")
page, project = answers.page, answers.project


class TestNewestOnly:
    """In the commit's own DAG, where a newer commit takes the older one's place."""

    @pytest.fixture
    def task(self, project: Project) -> ApproveReleaseOperator:
        task = approve(project)
        task.newest_only = True
        task.admission.book.supersede(PROPOSAL)
        return task

    @pytest.fixture
    def newer(self, task: ApproveReleaseOperator) -> Proposal:
        newer = make_proposal("3", environment="prod")
        task.admission.book.supersede(newer)
        return newer

    @pytest.mark.parametrize(
        ("waited", "pause"), [(0, 60), (1200, 120), (86_400, 900), (7 * 86_400 - 30, 30)]
    )
    def test_it_looks_for_a_newer_one_from_time_to_time(
        self, task: ApproveReleaseOperator, page: dict[str, Any], waited: int, pause: int
    ) -> None:
        task.clock = lambda: datetime.fromtimestamp(PROPOSAL.made_at + waited, UTC)
        assert ask(task).timeout == timedelta(seconds=pause)
        late = {"error": "late", "error_type": "timeout"}
        with pytest.raises(TaskAwaitingInput):
            task.execute_complete(waiting(), late, digest=PROPOSAL.digest)

    def test_it_ends_when_one_came(self, task: ApproveReleaseOperator, newer: Proposal) -> None:
        late = {"error": "late", "error_type": "timeout"}
        with pytest.raises(AirflowSkipException, match=r"^superseded by 3$"):
            task.execute_complete(waiting(), late, digest=PROPOSAL.digest)

    def test_a_yes_that_comes_after_it_does_nothing(
        self, task: ApproveReleaseOperator, newer: Proposal
    ) -> None:
        failure, pushed = answer(task, "Approve")
        assert isinstance(failure, AirflowSkipException)
        assert pushed["superseded_by"] == "3"
        assert kept(task) is None

    def test_nobody_is_asked_about_the_older_one(
        self, task: ApproveReleaseOperator, newer: Proposal, page: dict[str, Any]
    ) -> None:
        with pytest.raises(AirflowSkipException, match="superseded by 3"):
            task.execute(waiting())
        assert page == {}

    def test_the_newest_is_deployed(self, task: ApproveReleaseOperator) -> None:
        answer(task, "Approve")
        found = kept(task)
        assert found is not None
        assert found.approved

    def test_it_ends_after_a_week(self, task: ApproveReleaseOperator) -> None:
        task.clock = lambda: datetime.fromtimestamp(PROPOSAL.made_at + 7 * 86_400 + 1, UTC)
        late = {"error": "late", "error_type": "timeout"}
        with pytest.raises(AirflowFailException, match="nobody answered within 7 days"):
            task.execute_complete(waiting(), late, digest=PROPOSAL.digest)
