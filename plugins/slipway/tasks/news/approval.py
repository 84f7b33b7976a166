"""Tells people that somebody has to say yes: as a notifier of the task that asks."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseNotifier

from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.notes.news import NewsNotes
from slipway.model.git.repository import Repository
from slipway.model.news.channel import NewsRoutes
from slipway.model.news.event import NewsEvent
from slipway.model.news.note import NewsNote
from slipway.tasks.consent import Admission
from slipway.tasks.news.commits import checkout_of, commits_of
from slipway.tasks.news.deployments import run_url
from slipway.tasks.news.remember import name_of
from slipway.tasks.news.reports import NewsReporter

if TYPE_CHECKING:
    from airflow.sdk import Context


class ApprovalNews(BaseNotifier):
    """Tells people that somebody has to say yes, once the question is put.

    :param routes: the project's channels.
    :param repository: that its commits are in.
    :param environment: that is asked about.
    """

    def __init__(self, *, routes: NewsRoutes, repository: Repository, environment: str) -> None:
        super().__init__()
        self.routes = routes
        self.repository = repository
        self.environment = environment

    def __call__(self, *args: Any) -> None:
        """Tell; there is no template in it, whatever the plan says."""
        self.notify(args[0])

    def notify(self, context: Context) -> None:
        """Leave the question to the sender; whatever goes wrong is said, and nothing more."""
        reporter = NewsReporter(
            routes=self.routes, repository=self.repository, environment=self.environment
        )
        reporter.beside(context, lambda: self._leave(context))

    def _leave(self, context: Context) -> None:
        ti: Any = context["ti"]
        book = Admission(project=self.routes.project, environment=self.environment).book
        proposal = book.proposal(ti.dag_id, ti.run_id)
        event = NewsEvent.APPROVAL_WANTED
        channels = self.routes.of([event], self.environment)
        if proposal is None or not channels:
            return
        store = artifact_store()
        old = checkout_of(store, self.routes.project, proposal.replaces)
        release = proposal.release
        own = checkout_of(store, self.routes.project, release.version)
        first = old.release.sha if old else ""
        commits, more = commits_of(self.repository, first, own, release.sha)
        page = run_url(ti.dag_id, ti.run_id)
        note = NewsNote(
            project=self.routes.project,
            name=name_of(self.routes.project, event, self.environment, proposal.name),
            events=(event,),
            at=time.time(),
            channels=channels,
            environment=self.environment,
            version=release.version,
            sha=release.sha,
            before=proposal.replaces,
            by=proposal.started_by,
            lines=proposal.lines,
            commits=commits,
            more=more,
            repository=self.repository.url,
            url=f"{page}/tasks/{ti.task_id}/required_actions" if page else "",
        )
        NewsNotes(store).add(note)
