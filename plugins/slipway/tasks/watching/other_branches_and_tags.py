"""The finders of other branches, and of tags."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from slipway.hooks.git.refs import is_text
from slipway.hooks.store.seen_refs import Kind, SeenRefs, add_refs, remember_refs, seen_refs
from slipway.model.event import HEADS, TAGS, Event
from slipway.model.git.deliverable import matches
from slipway.model.git.watching import WatchedProject
from slipway.tasks.watching.finder import Glance
from slipway.tasks.watching.found import Find, Seen, run_id

# Refs that are new at once and get a run each. More than that is no push but a move: a repository
# that was imported, or its history rewritten.
MOST_NEW = 200
# What follows an annotated tag's name where the commit is listed that it leads to.
PEELED = "^{}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What became of the refs of one kind.

    :param known: what is to be remembered at once: without those that are gone, with those that
        were there before anybody looked.
    :param new: those that were pushed, and what they point to now.
    """

    known: SeenRefs
    new: Mapping[str, str]


def changed(
    seen: SeenRefs | None, refs: Mapping[str, str], patterns: Sequence[str], *, whole: bool
) -> Change:
    """Compare the refs with what was seen of them.

    :param seen: what is remembered; None where nobody has looked yet.
    :param refs: by their names as the patterns have them, and what each points to.
    :param patterns: what is looked for.
    :param whole: the repository is all there; otherwise nothing is forgotten.
    """
    before = seen or SeenRefs()
    scope = [pattern for pattern in patterns if pattern in before.scope]
    known, new = {}, {}
    for ref, value in refs.items():
        if before.refs.get(ref) == value:
            known[ref] = value
        elif ref in before.refs or any(matches(pattern, ref) for pattern in scope):
            new[ref] = value
        else:
            known[ref] = value  # it was there before its pattern was
    # Until its run is there, it is remembered as it was.
    old = {ref: value for ref, value in before.refs.items() if ref in new or not whole}
    return Change(known=SeenRefs(scope=tuple(patterns), refs={**old, **known}), new=new)


class _OtherRefs:
    """Finds refs that were pushed since the last look.

    Those that are there already when a pattern is first looked for are none of these.
    """

    by_refs = True
    kind: Kind
    prefix: str

    def wanted(self, project: WatchedProject) -> bool:
        """Tell whether the project watches any, now."""
        return bool(self._patterns(project))

    def find(self, glance: Glance) -> Sequence[Find]:
        """Return a run for each ref that is new or points elsewhere, by their names.

        :raises SlipwayError: when a commit cannot be read.
        """
        project, store = glance.project, glance.store
        patterns = self._patterns(project)
        seen = seen_refs(store, project.dag_id, self.kind)
        refs = dict(sorted(self._refs(glance, patterns)))
        # Where even the delivered branch is away the answer is not to be trusted that far.
        whole = f"{HEADS}{project.branch}" in glance.refs
        change = changed(seen, refs, patterns, whole=whole)
        if change.known != seen:
            remember_refs(store, project.dag_id, self.kind, change.known)
        if len(change.new) > MOST_NEW:
            glance.say(
                f"{project.dag_id}: {len(change.new)} {self.kind.value} are new at once, as after "
                f"an import; none of them is run: start those that matter by hand"
            )
            add_refs(store, project.dag_id, self.kind, change.new)
            return []
        return list(self._finds(glance, change.new))

    def _finds(self, glance: Glance, new: Mapping[str, str]) -> Iterator[Find]:
        project = glance.project
        for name, value in new.items():
            if (found := self._find(glance, name, value)) is None:
                add_refs(glance.store, project.dag_id, self.kind, {name: value})
            else:
                yield found

    def _refs(self, glance: Glance, patterns: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Give the names that are watched, and what each points to."""
        for ref, value in glance.refs.items():
            name = ref.removeprefix(self.prefix)
            if ref.startswith(self.prefix) and self._is_watched(glance, name, patterns):
                yield name, value

    def _is_watched(self, glance: Glance, name: str, patterns: Sequence[str]) -> bool:
        # A variable, an XCom or a page cannot hold other names.
        return is_text(name) and any(matches(pattern, name) for pattern in patterns)

    def _patterns(self, project: WatchedProject) -> tuple[str, ...]:
        raise NotImplementedError

    def _find(self, glance: Glance, name: str, value: str) -> Find | None:
        """Return the run of a ref; None where there is to be none."""
        raise NotImplementedError

    def _seen(self, project: WatchedProject, name: str, value: str) -> tuple[Seen, ...]:
        return (Seen(project=project.dag_id, ref=name, value=value, kind=self.kind),)


class OtherBranches(_OtherRefs):
    """Finds pushes to branches that are tested, and not delivered: each one's newest commit."""

    kind = Kind.BRANCHES
    prefix = HEADS

    def _patterns(self, project: WatchedProject) -> tuple[str, ...]:
        return project.watching.branches

    def _is_watched(self, glance: Glance, name: str, patterns: Sequence[str]) -> bool:
        is_other = name != glance.project.branch
        return is_other and super()._is_watched(glance, name, patterns)

    def _find(self, glance: Glance, name: str, value: str) -> Find | None:
        if glance.is_skipped(value):
            return None
        project = glance.project
        return Find(
            dag_id=project.proposals,
            run_id=run_id("branch", name, value),
            sha=value,
            event=Event.push(name),
            seen=self._seen(project, name, value),
        )


class Tags(_OtherRefs):
    """Finds tags that were made or moved. No message of a commit's keeps a tag from being run."""

    kind = Kind.TAGS
    prefix = TAGS

    def _patterns(self, project: WatchedProject) -> tuple[str, ...]:
        return project.watching.tags

    def _is_watched(self, glance: Glance, name: str, patterns: Sequence[str]) -> bool:
        return not name.endswith(PEELED) and super()._is_watched(glance, name, patterns)

    def _find(self, glance: Glance, name: str, value: str) -> Find | None:
        project = glance.project
        sha = glance.refs.get(f"{TAGS}{name}{PEELED}", value)
        return Find(
            dag_id=project.dag_id,
            run_id=run_id("tag", name, sha),
            sha=sha,
            event=Event.of_tag(name),
            seen=self._seen(project, name, value),
        )
