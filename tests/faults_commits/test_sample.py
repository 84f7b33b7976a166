"""A seeded sample of ``make faults-commits``, small enough for each day."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults_commits.airflow import KILLED, installation
from tests.faults_commits.records import BY_HOOK, BY_POLL
from tests.faults_commits.story import tell


@pytest.mark.integration
def test_each_commit_runs_once_however_often_it_is_announced_and_whoever_is_killed(
    tmp_path: Path,
) -> None:
    with installation(tmp_path, 5) as airflow:
        outcome = tell(airflow, commits=35, seed=7, every=20, kills=len(KILLED))
    assert outcome.problems() == []
    assert len(outcome.commits) == len(outcome.runs) == 40
    assert sorted(outcome.kills) == sorted(KILLED)
    # Who was first is chance, but there was a contest.
    assert outcome.made_by.keys() == {BY_HOOK, BY_POLL}
    assert outcome.seen_by_both, outcome.table()
