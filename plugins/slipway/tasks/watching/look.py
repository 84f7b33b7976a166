"""One look at one repository, for all projects that come from it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

from slipway.hooks.git.connection import git_mirror
from slipway.hooks.git.mirror import GitMirror
from slipway.hooks.store.artifacts import ArtifactStore
from slipway.model.event import HEADS, TAGS
from slipway.model.git.deliverable import matches
from slipway.model.git.watching import WatchedProject
from slipway.tasks.watching.finder import Finder, Glance
from slipway.tasks.watching.finders import FINDERS
from slipway.tasks.watching.found import Find
from slipway.tasks.watching.other_branches_and_tags import PEELED

_WILD = re.compile(r"[*?]")


@dataclass(kw_only=True, slots=True)
class Looked:
    """What a look at a repository brought.

    :param finds: what is to be run, each project's in order.
    :param problems: project -> what went wrong with it alone.
    :param later: projects of which not everything was looked for.
    :param state: of the repository's refs and what is looked for; while it is the same, and
        nothing was found, nothing will be found by refs.
    """

    finds: list[Find] = field(default_factory=list)
    problems: dict[str, Exception] = field(default_factory=dict)
    later: set[str] = field(default_factory=set)
    state: str = ""


def look_at(
    projects: Sequence[WatchedProject],
    store: ArtifactStore,
    say: Callable[[str], None],
    *,
    early: Callable[[Find], None] = lambda _: None,
    known: str | None = None,
    finders: Iterable[Finder] = FINDERS,
) -> Looked:
    """Ask a repository once what its refs are, and let each finder look, for each project.

    :param projects: all of one repository, read with one connection.
    :param store: where is remembered what was seen.
    :param say: writes a line for people into the log.
    :param early: takes what is to be run in any case, also where the rest comes too late.
    :param known: the state in which nothing was found the last time.
    :param finders: what is looked for.
    :raises SlipwayError: when the repository cannot be asked.
    """
    mirror = git_mirror(projects[0].url, projects[0].connection)
    refs = _listed(mirror, projects)
    looked = Looked(state=_state(projects, refs))
    for project in projects:
        glance = Glance(
            project=project,
            refs=refs,
            mirror=mirror,
            store=store,
            say=say,
            complain=_noting(looked, project),
            early=early,
            later=partial(looked.later.add, project.dag_id),
        )
        for finder in finders:
            if finder.wanted(project) and not (finder.by_refs and looked.state == known):
                _let_find(finder, glance, looked)
    return looked


def _let_find(finder: Finder, glance: Glance, looked: Looked) -> None:
    try:
        looked.finds += finder.find(glance)
    except Exception as error:
        looked.problems[glance.project.dag_id] = error


def _noting(looked: Looked, project: WatchedProject) -> Callable[[Exception], None]:
    def note(error: Exception) -> None:
        looked.problems[project.dag_id] = error

    return note


def _listed(mirror: GitMirror, projects: Sequence[WatchedProject]) -> dict[str, str]:
    """Ask the server for what any of the projects watches."""
    whole = {f"{HEADS}{project.branch}" for project in projects}
    patterns = {f"{HEADS}{one}" for project in projects for one in project.watching.branches}
    tags = {f"{TAGS}{one}" for project in projects for one in project.watching.tags}
    # Most names are told apart by how they begin; a host may have fifty thousand.
    begins = {pattern: _WILD.split(pattern, maxsplit=1)[0] for pattern in patterns | tags}

    def is_watched(ref: str) -> bool:
        name = ref.removesuffix(PEELED)
        return name in whole or any(
            name.startswith(begin) and matches(pattern, name) for pattern, begin in begins.items()
        )

    return mirror.listed(is_watched, tags=bool(tags))


def _state(projects: Sequence[WatchedProject], refs: dict[str, str]) -> str:
    told = repr((list(projects), sorted(refs.items())))
    return hashlib.sha256(told.encode(errors="surrogateescape")).hexdigest()
