"""News of deployments, from what is on record of them: whoever ended a swap, and however often.

A task that ends a swap notes its outcome, once (:mod:`slipway.tasks.outcomes`). Here these notes
are read, by the callbacks of such tasks and by housekeeping, which finds what a killed task left.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from urllib.parse import quote

from airflow.sdk.configuration import conf

from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.failures import FailureReports
from slipway.hooks.store.outcomes import DeploymentOutcomes
from slipway.hooks.store.release_order import in_order
from slipway.hooks.store.releases import ReleaseCatalogue
from slipway.model.cloud.failure_report import FailureReport
from slipway.model.edition import version_of
from slipway.model.facts.outcome import Outcome, PastDeployment
from slipway.model.git.repository import Repository
from slipway.model.news.channel import NewsRoutes
from slipway.model.news.event import NewsEvent
from slipway.model.news.memory import Place, PlaceMemory, Result
from slipway.model.news.note import NewsNote
from slipway.tasks.editions.kept import takes_back
from slipway.tasks.news.commits import PATIENCE, checkout_of, commits_of
from slipway.tasks.news.remember import let_count

# The last deployments that are looked at.
_LAST = 8
_ENDED = frozenset({Outcome.ROLLED_BACK, Outcome.SUCCEEDED})


@dataclasses.dataclass(frozen=True, kw_only=True)
class DeploymentNews:
    """What there is to tell of the deployments of one environment.

    :param store: has what is on record.
    :param routes: the project's channels.
    :param environment: the environment's name.
    :param repository: that the commits are in.
    :param patience: seconds that git may take.
    """

    store: ArtifactStore
    routes: NewsRoutes
    environment: str
    repository: Repository
    patience: float = PATIENCE

    def tell(self, *, since: float, run: tuple[str, str] | None = None, gate: str = "") -> int:
        """Tell of the swaps that have ended, each once, and that a run's own has failed.

        :param since: seconds since 1970; what ended before is no news.
        :param run: DAG and run whose swaps are news whenever they ended.
        :param gate: the run's task that has just failed, if it did.
        :returns: how many had not been told.
        """
        outcomes = DeploymentOutcomes(self.store)
        past = outcomes.swaps(self.routes.project, self.environment, _LAST)
        told = 0
        for place in reversed(range(len(past))):
            swap, one = past[place]
            end = one.notes[-1]
            of_run = (end.dag_id, end.run_id) == run
            # Of one that failed its own run tells, before it goes back; it has not ended yet.
            if one.outcome not in _ENDED and not (of_run and one.outcome is Outcome.FAILED):
                continue
            if of_run or end.at >= since:
                before = next((old for _, old in past[place + 1 :] if old.serves), None)
                told += self._tell(swap, one, before, gate if of_run else "")
        return told

    def _tell(
        self, swap: str, one: PastDeployment, before: PastDeployment | None, gate: str
    ) -> bool:
        end = one.notes[-1]
        served = before.serves if before else ""
        failed = one.outcome is Outcome.FAILED
        result = Result(
            passed=one.outcome is Outcome.SUCCEEDED,
            at=end.at,
            sha=one.release.sha,
            version=one.release.version,
            subject=f"{swap} failed" if failed else swap,
            why=_why(one, gate),
            url=run_url(end.dag_id, end.run_id),
        )
        went_back = result.passed and self._is_older(one.release.version, served)
        event = NewsEvent.FAILED if failed else NewsEvent.ROLLED_BACK
        if result.passed and not went_back:
            event = NewsEvent.DEPLOYED

        def more(note: NewsNote, _: PlaceMemory) -> NewsNote:
            return self._with_details(note, one, served, went_back=went_back)

        return let_count(
            self.store,
            self.routes,
            Place(environment=self.environment),
            result,
            event=event,
            # The lease lets one swap end after the other.
            is_late=lambda last: last is not None and last.at > result.at,
            tell=more,
        )

    def _with_details(
        self, note: NewsNote, one: PastDeployment, served: str, *, went_back: bool
    ) -> NewsNote:
        project, end = self.routes.project, one.notes[-1]
        now = end.serves if went_back or one.outcome is Outcome.ROLLED_BACK else served
        others = end.serves if one.outcome is Outcome.ROLLED_BACK else served
        old = checkout_of(self.store, project, others)
        own = checkout_of(self.store, project, one.release.version)
        new, first = (old, own) if went_back else (own, old)
        commits, further = commits_of(
            self.repository,
            first.release.sha if first else "",
            new,
            new.release.sha if new else one.release.sha,
            self.patience,
        )
        return dataclasses.replace(
            note,
            version=served if went_back else note.version,
            before=now,
            by=one.by,
            lines=() if one.outcome is Outcome.SUCCEEDED else self._machines(one),
            commits=commits,
            more=further,
            repository=self.repository.url,
            by_hand=went_back,
        )

    def _is_older(self, version: str, served: str) -> bool:
        """Tell whether a release comes before another, in the order of the branch."""
        if not served or served == version:
            return False
        if version_of(served) == version_of(version):
            return self._took_back(version, served)
        catalogue = ReleaseCatalogue(self.store)
        try:
            found = [catalogue.find(self.routes.project, one) for one in (version, served)]
        except Exception:
            return False  # nobody can say, and a deployment it is in any case
        return in_order(found)[0].checkout.release.version == version

    def _took_back(self, name: str, served: str) -> bool:
        """Tell whether an edition is what another one of its release had come in place of."""
        try:
            return takes_back(self.routes.project, self.environment, name, served)
        except Exception:
            return False  # nobody can say, and a deployment it is in any case

    def _machines(self, one: PastDeployment) -> tuple[str, ...]:
        """Return what machines said, in their own words: those of a report that was kept."""
        reports = FailureReports(self.store)
        version = one.release.version
        for run_id in dict.fromkeys(note.run_id for note in one.notes):
            found = reports.of(
                self.routes.project, self.environment, version=version, run_id=run_id
            )
            if found is not None:
                return machine_lines(found)
        return ()


def machine_lines(report: FailureReport) -> tuple[str, ...]:
    """Say in a line for each machine why it is ill.

    :param report: of a release that failed.
    """
    lines = []
    for one in report.machines:
        if said := one.telling_line:
            lines.append(f"{one.instance_id}: {said}")
    more = len(report.ill) - len(report.machines)
    return (*lines, *([f"{more} more machines are ill"] if more > 0 else []))


def run_url(dag_id: str, run_id: str) -> str:
    """Return the page of a run; nothing where Airflow is not told its own address."""
    base = str(conf.get("api", "base_url", fallback="") or "").rstrip("/")
    if not base or not dag_id:
        return ""
    return f"{base}/dags/{quote(dag_id, safe='')}/runs/{quote(run_id, safe='')}"


def _why(one: PastDeployment, gate: str) -> str:
    """Say why, and at which gate where the words do not name it."""
    tasks: Sequence[str] = next((note.tasks for note in one.notes if note.tasks), ())
    if one.outcome is Outcome.SUCCEEDED:
        return one.why
    first = tasks[0] if tasks else gate
    failed = f"{first} failed" if first else ""
    return ": ".join(part for part in (failed, one.why) if part)
