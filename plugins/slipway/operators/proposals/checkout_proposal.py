"""Step 1 of what is tested and no more: find the commit of a pull request, or of some branch."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from slipway.exceptions import NotDeliverable
from slipway.hooks.git.connection import git_mirror, proposal_mirror
from slipway.hooks.git.mirror import GitMirror
from slipway.links.extra import COMMIT
from slipway.model.event import HEADS, Event, EventKind
from slipway.model.facts import Checkout, Json, Release
from slipway.model.git.merge import Merge
from slipway.model.git.repository import Repository
from slipway.model.text.inert import visible
from slipway.operators.checkout import announced_by
from slipway.tasks.kept_facts import forget_fact, keep_fact, run_facts
from slipway.tasks.proposals.source import proposed
from slipway.tasks.retries import no_retry_on_input_error
from slipway.tasks.run_note import note_run

if TYPE_CHECKING:
    from airflow.sdk import Context

    from slipway.hooks.store.runs.facts import Announcement

_OTHER = re.compile(r"[^A-Za-z0-9]+")
# Characters of a branch's name in a version.
_LONGEST = 30
# Files in conflict that the log names.
_NAMED = 20


class CheckoutProposalOperator(BaseOperator):
    """Turn what was proposed into an exact commit, under a version that no release has.

    A pull request is tested as its branch would be with it, where the two merge, and as it is
    where they do not. What it is about was signed when the run was made; whoever starts a run by
    hand can name a branch of the repository, and nothing else.

    :param project: the project's name.
    :param repository: where its commits are.
    :param ref: of a run by hand: a branch, in full, or a sha that one leads to.
    :param branch: the branch that is delivered.
    :param version_tags: patterns of tags that number versions; all that look so by default.
    :returns: :class:`slipway.model.facts.Checkout` as JSON, of the commit that was proposed.

    Example::

        checkout = CheckoutProposalOperator(
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
        version_tags: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.project = project
        self.repository = repository
        self.ref = ref
        self.branch = branch
        self.version_tags = list(version_tags)

    def execute(self, context: Context) -> Json:
        """Find the commit, and merge it where it is a pull request's.

        :raises AirflowFailException: when there is no such commit, or no branch leads to it.
        """
        with no_retry_on_input_error():
            forget_fact(context)
            facts = run_facts(context)
            said = facts.announced() if facts is not None else None
            if said is not None and said.event.kind is EventKind.PULL_REQUEST:
                checkout = self._pull_request(said)
            else:
                checkout = self._branch(context, said)
        release = checkout.release
        self.log.info(
            "%s is %s: would be %s, by %s",
            visible(checkout.ref),
            release.sha,
            release.version,
            visible(checkout.author_name),
        )
        note_run(context, checkout, self.repository.url, self.log)
        return keep_fact(context, release, checkout.to_json())

    def _pull_request(self, said: Announcement) -> Checkout:
        event, url = said.event, self.repository.url
        mirror = proposal_mirror(url, self.repository.connection, stranger=event.fork)
        target = mirror.bring_branch(event.branch)
        mirror.bring(proposed(event, said.sha))
        merge = mirror.merge(target, said.sha)
        self._tell(event, merge)
        checkout = self._described(mirror, event, said.sha, f"pr{event.number}", merge)
        return replace(checkout, ref=event.head or event.ref)

    def _branch(self, context: Context, said: Announcement | None) -> Checkout:
        """Take a branch of the repository: whoever pushes there is trusted as its pushers are."""
        mirror = git_mirror(self.repository.url, self.repository.connection)
        found = mirror.find(said.sha if said is not None else self.ref)
        heads = [ref for ref in mirror.refs.containing(found.sha) if ref.startswith(HEADS)]
        ref = found.ref if found.ref in heads else next(iter(heads), "")
        event = said.event if said is not None else Event.push(ref.removeprefix(HEADS))
        if not heads:
            msg = f"no branch of {self.repository.url} leads to {found.sha}"
            advice = "the watcher makes the runs of pull requests; by hand name a branch"
            raise NotDeliverable(msg, advice=advice)
        event = replace(event, by=event.by or announced_by(context))
        checkout = self._described(mirror, event, found.sha, _slug(event.branch))
        return replace(checkout, ref=self.ref)

    def _described(
        self, mirror: GitMirror, event: Event, sha: str, mark: str, merge: Merge | None = None
    ) -> Checkout:
        """Describe a commit under a version that comes before each release of the same number."""
        commit = mirror.commit(sha)
        version = mirror.version((merge.sha if merge else "") or sha, self.version_tags).name
        return Checkout(
            release=Release(
                project=self.project, sha=sha, version=f"{version.rpartition('.g')[0]}~{mark}"
            ),
            repository=self.repository.url,
            ref=event.ref,
            event=event,
            branch=event.branch,
            parent=commit.parent,
            message=commit.message,
            author_name=commit.author_name,
            author_email=commit.author_email,
            committed_at=commit.committed_at,
            delivered=self.branch,
            merge=merge,
        )

    def _tell(self, event: Event, merge: Merge) -> None:
        if merge.sha:
            self.log.info("tested as %s would be with it", visible(event.branch))
            return
        named = ", ".join(map(visible, merge.conflicts[:_NAMED]))
        self.log.warning(
            "it does not merge with %s, so it is tested as it is; in conflict: %s",
            visible(event.branch),
            named or "all of it, since the two have no past in common",
        )


def _slug(branch: str) -> str:
    """Return a branch's name in characters that a version may hold."""
    return _OTHER.sub(".", branch)[:_LONGEST].strip(".") or "branch"
