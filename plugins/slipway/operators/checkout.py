"""Step 1: find the commit."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from slipway.exceptions import NotDeliverable, RefNotFound
from slipway.hooks.git.connection import git_mirror
from slipway.hooks.git.mirror import GitMirror
from slipway.hooks.git.refs import Found, branches_by_nearness, is_text
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.releases import ReleaseCatalogue
from slipway.links.extra import COMMIT
from slipway.model.event import HEADS, TAGS, Event
from slipway.model.facts import Checkout, Json, Release
from slipway.model.git.deliverable import Deliverable
from slipway.model.git.repository import Repository
from slipway.model.git.watching import Watching
from slipway.model.text.inert import visible
from slipway.tasks.kept_facts import forget_fact, keep_fact, run_facts
from slipway.tasks.retries import no_retry_on_input_error
from slipway.tasks.run_note import note_run
from slipway.tasks.schedule import require_on_time

if TYPE_CHECKING:
    from airflow.sdk import Context


class CheckoutOperator(BaseOperator):
    """Turn a ref into an exact commit, and the commit into a release.

    A commit becomes a release only when the delivered branch reaches it, or a further branch or
    tag that the project file names. No files are kept: later tasks ask the mirror on their own
    worker for the sha.

    :param project: the project's name.
    :param repository: where its commits are.
    :param ref: branch, tag or sha; empty for the branch's newest commit.
    :param branch: the branch that is delivered, reported where the ref names none.
    :param branches: patterns of further branches that are delivered.
    :param tags: patterns of tags that are delivered.
    :param version_tags: patterns of tags that number versions; all that look so by default.
    :param webhook: Airflow connection with the secret of the repository's webhook; none is
        believed where it is not given.
    :param watching: what the watcher looks for besides the branch, for the looks that follow
        webhooks.
    :param cron: the schedule that the runs are of; empty for those of commits and people.
    :returns: :class:`slipway.model.facts.Checkout` as JSON.

    Example::

        checkout = CheckoutOperator(
            task_id="checkout",
            project="shop",
            repository=Repository(url="https://git.example.com/shop.git"),
            ref="{{ params.ref }}",
            branch="main",
        )
    """

    template_fields: Sequence[str] = ("ref",)
    ui_color = "#dbeafe"
    operator_extra_links = COMMIT

    def __init__(
        self,
        *,
        project: str,
        repository: Repository,
        ref: str,
        branch: str,
        branches: Sequence[str] = (),
        tags: Sequence[str] = (),
        version_tags: Sequence[str] = (),
        webhook: str | None = None,
        watching: Watching | None = None,
        cron: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.project = project
        # In words that Airflow can keep of a task.
        self.url, self.connection = repository.url, repository.connection
        self.ref = ref
        self.branch = branch
        self.branches = list(branches)
        self.tags = list(tags)
        self.version_tags = list(version_tags)
        self.webhook = webhook
        self.watching = json.dumps(watching.to_json()) if watching else None
        self.cron = cron

    @classmethod
    def get_serialized_fields(cls) -> frozenset[str]:
        """Name what Airflow keeps of the task: also where its commits come from.

        So Airflow's server, which has no project files, knows the repository of a webhook
        (:mod:`slipway.hooks.airflow_runs`).
        """
        kept: frozenset[str] = super().get_serialized_fields()  # type: ignore[no-untyped-call]
        return kept | {"url", "branch", "connection", "webhook", "watching"}

    def execute(self, context: Context) -> Json:
        """Resolve the ref and describe the commit.

        :raises AirflowFailException: when there is no such commit, the ref means more than one
            thing, or nothing that is delivered reaches it.
        :raises AirflowSkipException: when the schedule's time has long passed.
        """
        if self.cron:
            require_on_time(context)
        with no_retry_on_input_error():
            forget_fact(context)
            checkout = self._checkout(context)
        release = checkout.release
        self.log.info(
            "%s is %s: version %s, by %s",
            visible(checkout.ref),
            release.sha,
            release.version,
            visible(checkout.author_name),
        )
        for version in ReleaseCatalogue(artifact_store()).versions_of(release):
            if version != release.version:
                self.log.warning(
                    "this commit is released as %s already; tags were made or moved since, so it "
                    "becomes %s as well",
                    version,
                    release.version,
                )
        note_run(context, checkout, self.url, self.log)
        return keep_fact(context, release, checkout.to_json())

    def _checkout(self, context: Context) -> Checkout:
        deliverable = Deliverable(
            branch=self.branch, branches=tuple(self.branches), tags=tuple(self.tags)
        )
        ref = self.ref or deliverable.ref
        mirror = git_mirror(self.url, self.connection)
        try:
            found = mirror.find(ref, delivered=deliverable)
        except RefNotFound as error:
            advice = f"{error.advice} (what is delivered: {deliverable})"
            raise RefNotFound(error.message, advice=advice) from error
        reaching = _reaching(mirror, found.sha, deliverable)
        event = self._cause(context, found, reaching, mirror)
        commit = mirror.commit(found.sha)
        version = self._version(mirror, found)
        tip = mirror.refs.all().get(deliverable.ref)
        return Checkout(
            release=Release(project=self.project, sha=found.sha, version=version),
            repository=self.url,
            ref=ref,
            tag=event.tag,
            event=event,
            branch=event.branch or self.branch,
            parent=commit.parent,
            message=commit.message,
            author_name=commit.author_name,
            author_email=commit.author_email,
            committed_at=commit.committed_at,
            position=mirror.position(found.sha, tip) if tip else None,
            delivered=self.branch,
        )

    def _cause(
        self, context: Context, found: Found, reaching: list[str], mirror: GitMirror
    ) -> Event:
        by = announced_by(context)
        if self.cron:
            return Event.of_schedule(self.cron, self.ref.removeprefix(HEADS), by=by)
        return _announced(context, found) or _event(found, reaching, mirror, by)

    def _version(self, mirror: GitMirror, found: Found) -> str:
        version = mirror.version(found.sha, self.version_tags)
        if version.is_of_a_date:
            self.log.warning(
                "the version is numbered by the tag %s, which looks like a date and is higher than "
                "%s for good; if it is no version, name those that are: `repository: "
                '{version_tags: ["v*"]}`',
                visible(version.tag),
                visible(version.others[0]),
            )
        return version.name


def announced_by(context: Context) -> str:
    """Return who started the run, as Airflow knows it: a user, or the way it came about.

    :param context: the task's.
    """
    run: Any = context.get("dag_run")
    user = getattr(run, "triggering_user_name", None)
    return str(user or getattr(getattr(run, "run_type", ""), "value", "") or "")


def _announced(context: Context, found: Found) -> Event | None:
    """Return what the run was made for, as whoever made it signed; None where nobody did.

    What was announced of another commit does not count: whoever starts a run by hand may give it
    any id, and any ref.

    :raises NotDeliverable: when it can never become a release.
    :raises RecordRefused: when somebody else wrote the announcement.
    """
    facts = run_facts(context)
    said = facts.announced() if facts is not None else None
    if said is None or said.sha != found.sha:
        return None
    if not said.event.delivers:
        msg = f"this run is about a {said.event.kind.value}, which becomes no release"
        raise NotDeliverable(msg, advice="merge it; its commit is then delivered as any other")
    return replace(said.event, by=said.event.by or announced_by(context))


def _reaching(mirror: GitMirror, sha: str, deliverable: Deliverable) -> list[str]:
    """List the refs that are delivered and reach a commit, the delivered branch first.

    :raises NotDeliverable: when there are none.
    """
    found = deliverable.among(mirror.refs.containing(sha))
    # A variable, an XCom or a page cannot hold other names.
    reaching = [ref for ref in found if is_text(ref)]
    if not reaching:
        msg = f"{sha} is reached by no branch or tag that is delivered ({deliverable})"
        if found:
            msg += f" but {', '.join(map(visible, found[:3]))}, whose names are not UTF-8"
        advice = (
            "merge it, or name its branch or tag under `branches` or `tags` of the project file's "
            "`repository`"
        )
        refs = mirror.refs.all()
        if deliverable.ref not in refs:
            others = branches_by_nearness(deliverable.branch, refs)
            advice = (
                f"there is no branch {deliverable.branch}: push it, or correct `branch`; {others}"
            )
        raise NotDeliverable(msg, advice=advice)
    return reaching


def _event(found: Found, reaching: list[str], mirror: GitMirror, by: str) -> Event:
    """Return what a run by hand is about: the ref that was named, or the one its commit is on.

    A ref that the project file does not name has no say: whoever may push some branch would choose
    the event, and with it which tests are run, of a commit that is delivered. It stands for its
    sha. A sha on a branch stands for a push to that branch. Where only tags reach it, it stands
    for the tag that is on it; and for nothing but itself where it is only part of a tag's past.
    """
    named = found.ref if found.ref in reaching else None
    ref = named or reaching[0]
    if ref.startswith(HEADS):
        return Event.push(ref.removeprefix(HEADS), by=by)
    if named is None:
        on_it = set(mirror.refs.tags_on(found.sha))
        ref = next((tag for tag in reaching if tag in on_it), "")
        if not ref:
            return Event.of_commit(found.sha, by=by)
    return Event.of_tag(ref.removeprefix(TAGS), by=by)
