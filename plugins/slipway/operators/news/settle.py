"""Finds news that nobody left, and tells what keeps others from being sent."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from slipway.exceptions import ChannelRefused
from slipway.hooks.store.artifacts import ArtifactStore, artifact_store
from slipway.hooks.store.notes.hooks import last_finds, last_hook
from slipway.hooks.store.notes.news import NewsNotes
from slipway.hooks.store.notes.news_memory import NewsMemories
from slipway.model.git.repository import Repository
from slipway.model.news.channel import NewsRoutes
from slipway.model.news.event import NewsEvent
from slipway.model.news.note import NewsNote
from slipway.operators.trouble import own_trouble
from slipway.policies.hook_silence import has_fallen_silent, silence
from slipway.tasks.news.deployments import DeploymentNews
from slipway.tasks.news.remember import name_of, remind

if TYPE_CHECKING:
    from airflow.sdk import Context

# Seconds after which a deployment is no news any more, and that git may take.
_OLD, _PATIENCE = 86400.0, 20.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class NewsSource:
    """A project that has news.

    :param routes: its channels.
    :param repository: that its commits are in.
    :param environments: their names.
    """

    routes: NewsRoutes
    repository: Repository
    environments: tuple[str, ...]


class SettleNewsOperator(BaseOperator):
    """Leave the news that nobody left, and tell what keeps others from going.

    Those of swaps whose tasks were killed, or which housekeeping ended; of what a killed task
    remembered and did not leave; reminders; and that a repository's hooks have stopped coming.

    :param sources: the projects that have news.
    :param clock: the time, seconds since 1970.

    Example::

        SettleNewsOperator(task_id="settle_news", sources=sources)
    """

    ui_color = "#fde68a"

    def __init__(
        self,
        *,
        sources: Sequence[NewsSource],
        clock: Callable[[], float] = time.time,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.sources = tuple(sources)
        self.clock = clock

    def execute(self, context: Context) -> None:
        """Look at each project.

        :raises AirflowFailException: when a channel refuses news, with the reason.
        """
        store = artifact_store()
        for source in self.sources:
            try:
                self._settle(store, source)
            except Exception as error:
                # It is none of the other projects' affair.
                self.log.warning("%s: no news: %s", source.routes.project, error)
        with own_trouble(context):
            known = {one.routes.project for one in self.sources}
            trouble = {
                name: words
                for name, words in NewsNotes(store).trouble().items()
                if name.partition(".")[0] in known
            }
            if trouble:
                msg = "\n".join(f"{name}: {words}" for name, words in sorted(trouble.items()))
                advice = "`fab news PROJECT` tries its channels; deliveries are not touched"
                raise ChannelRefused(msg, advice=advice)

    def _settle(self, store: ArtifactStore, source: NewsSource) -> None:
        now, project = self.clock(), source.routes.project
        since = max(NewsNotes(store).since(project, now), now - _OLD)
        for name in source.environments:
            DeploymentNews(
                store=store,
                routes=source.routes,
                environment=name,
                repository=source.repository,
                patience=_PATIENCE,
            ).tell(since=since)
        for _, memory in list(NewsMemories(store, project).every()):
            if memory.note is not None:
                NewsNotes(store).add(memory.note)
            remind(store, source.routes, memory.place, now)
        self._hooks(store, source, now)

    def _hooks(self, store: ArtifactStore, source: NewsSource, now: float) -> None:
        """Tell that hooks have stopped coming: once, until the next one comes."""
        event, project = NewsEvent.HOOKS_STOPPED, source.routes.project
        hook, channels = last_hook(store, project), source.routes.of([event])
        if hook is None or not channels:
            return
        finds = last_finds(store, project)
        if not has_fallen_silent(hook.at, finds, datetime.fromtimestamp(now, UTC)):
            return
        note = NewsNote(
            project=project,
            name=name_of(project, event, hook.at.isoformat()),
            events=(event,),
            at=now,
            channels=channels,
            why=silence(project, hook.at, hook.host, finds),
            repository=source.repository.url,
        )
        NewsNotes(store).add(note)
