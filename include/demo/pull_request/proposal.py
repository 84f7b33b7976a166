"""The demo's pull request: tested beside the rest of the story, and put nowhere.

Nobody waits for it: where its run has not come to its end with the story, the table says how far it
is.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from include.demo import git_host, paths
from include.demo.airflow_api import FINAL, AirflowApi, DemoFailed, TaskState
from include.demo.guestbook_repository import GuestbookRepository
from include.demo.report import Report, Run
from include.localforge.pull_requests import open_pull_request
from slipway.hooks.store.artifacts import ArtifactStore

DAG_ID = "guestbook.pr"
BRANCH, TITLE = "ask-where-from", "Ask visitors where they come from"
# Seconds for what is at its end anyway.
_PATIENCE = 5.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """A pull request of the guestbook.

    :param number: the host's.
    :param sha: its commit.
    :param opened: when, seconds since 1970.
    """

    number: int
    sha: str
    opened: float

    @property
    def run_id(self) -> str:
        """The id of its run."""
        return f"pr__{self.number}__{self.sha}"

    @property
    def name(self) -> str:
        """Its run's name, for people."""
        return f"{DAG_ID}, pull request {self.number}"

    def report(self, api: AirflowApi, report: Report) -> None:
        """Report what became of it.

        :param api: Airflow's.
        :param report: grows.
        :raises DemoFailed: when its tests failed, or it became something that can be deployed.
        """
        state = self._state(api)
        tasks = api.tasks(DAG_ID, self.run_id) if state else []
        self.check_nothing_came_of_it(tasks)
        if api.run_state("guestbook", f"commit__{self.sha}") is not None:
            msg = f"pull request {self.number} was delivered like a commit of the branch"
            raise DemoFailed(msg)
        if state == "failed":
            failed = [one.task for one in tasks if one.state == "failed"]
            logs = "\n".join(api.log(DAG_ID, self.run_id, one)[-3000:] for one in failed)
            msg = f"the tests of pull request {self.number} failed in {', '.join(failed)}\n{logs}"
            raise DemoFailed(msg)
        if state is None:
            report.pull_request = f"{self.number} has no run yet; {paths.UI}/dags/{DAG_ID}"
            return
        self._tell(api, report, state, tasks)

    def _tell(self, api: AirflowApi, report: Report, state: str, tasks: list[TaskState]) -> None:
        ended = state in FINAL
        statuses = git_host.statuses_of(DAG_ID, self.run_id)
        if ended and not statuses:
            msg = f"the git host was told nothing of {self.name}"
            raise DemoFailed(msg)
        origin = api.run_origin(DAG_ID, self.run_id)
        waited = max(0.0, origin.queued_at - self.opened)
        came = Run(
            name=self.name,
            how=origin.how,
            waited=waited,
            statuses=len(statuses),
            since="it was opened",
        )
        report.add(self.name, [one for one in tasks if one.state])
        report.runs.append(came)
        newest = {one["key"].removeprefix("slipway/"): one["state"] for one in statuses}
        shown = ", ".join(f"{key} {said}" for key, said in sorted(newest.items()))
        how_far = "tested" if ended else "still being tested"
        report.pull_request = f"{self.number} {how_far} ({shown}); not released, not deployed"

    def _state(self, api: AirflowApi) -> str | None:
        """Return its run's state, which may be about to be the last one."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            state = api.run_state(DAG_ID, self.run_id)
            told = {one["state"] for one in git_host.HOME.statuses(paths.REPOSITORY, self.sha)}
            is_told = bool(told) and "INPROGRESS" not in told
            if (state in FINAL and is_told) or time.monotonic() > deadline:
                return state
            time.sleep(0.5)

    def check_nothing_came_of_it(self, tasks: list[TaskState]) -> None:
        """Make sure that nothing can be deployed of it.

        :param tasks: of its run.
        :raises DemoFailed: when something can.
        """
        store = ArtifactStore(paths.ARTIFACTS.as_uri())
        mark, short = f"~pr{self.number}", f".g{self.sha[:7]}"
        kept = [
            f"{folder}/{name}"
            for folder in ("releases/guestbook", "deb/guestbook", "built/guestbook")
            for name in store.keys(folder)
            if mark in name or short in name
        ]
        beyond = [one.task for one in tasks if one.task not in _TASKS]
        if kept or beyond:
            msg = f"something came of pull request {self.number}: {', '.join(kept + beyond)}"
            raise DemoFailed(msg)


# What is done with a pull request, and nothing else is.
_TASKS = frozenset({"checkout", "approve_commit", "test", "rehearse_migrations", "build_deb"})


def propose(repository: GuestbookRepository) -> Proposal:
    """Push a branch, and open a pull request from it.

    :param repository: the guestbook's.
    """
    sha = repository.push_proposal(BRANCH)
    opened = time.time()
    found, _ = open_pull_request(git_host.HOME, paths.REPOSITORY, title=TITLE, source=BRANCH)
    return Proposal(number=found["id"], sha=sha, opened=opened)
