"""What the watcher has seen of each repository, per project and ref.

The delivered branch's newest commit is in :mod:`slipway.hooks.store.heads`; here is the rest, in
one document for each project and kind of ref. It may be lost, or lag behind, without harm: what is
handed on a second time has the run's id of the first time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from slipway.hooks.store.artifacts import ArtifactStore


class Kind(StrEnum):
    """The kinds of ref, each of which has a document of its own."""

    BRANCHES = "branches"
    TAGS = "tags"
    PULLS = "pulls"
    # That a run told of a missing branch, which is noted in a form of its own.
    MISSING = "missing"


@dataclass(frozen=True, kw_only=True, slots=True)
class SeenRefs:
    """The refs of one kind that have been seen.

    :param scope: what was looked for then, such as patterns. What is looked for now and is not in
        it is seen for the first time.
    :param refs: each ref -> what it pointed to.
    """

    scope: tuple[str, ...] = ()
    refs: Mapping[str, str] = field(default_factory=dict)


def seen_refs(store: ArtifactStore, project: str, kind: Kind) -> SeenRefs | None:
    """Return what was seen; None where nobody has looked yet. What cannot be read is lost.

    :param store: where it is remembered.
    :param project: the project's name.
    :param kind: of ref.
    """
    try:
        found = store.get_json(_key(project, kind))
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not isinstance(found.get("refs"), dict):
        return None
    return SeenRefs(scope=tuple(map(str, found.get("scope", ()))), refs=_texts(found["refs"]))


def remember_refs(store: ArtifactStore, project: str, kind: Kind, seen: SeenRefs) -> None:
    """Remember what was seen, in place of what was remembered.

    :param store: where it is remembered.
    :param project: the project's name.
    :param kind: of ref.
    :param seen: all of that kind.
    """
    store.put_json(_key(project, kind), {"scope": list(seen.scope), "refs": dict(seen.refs)})


def add_refs(store: ArtifactStore, project: str, kind: Kind, refs: Mapping[str, str]) -> None:
    """Remember some refs besides those that are remembered.

    :param store: where they are remembered.
    :param project: the project's name.
    :param kind: of ref.
    :param refs: each -> what it points to.
    """
    known = seen_refs(store, project, kind) or SeenRefs()
    new = SeenRefs(scope=known.scope, refs={**known.refs, **refs})
    if new != known:
        remember_refs(store, project, kind, new)


def _key(project: str, kind: Kind) -> str:
    return f"heads/{project}.{kind.value}.json"


def _texts(found: Mapping[str, Any]) -> dict[str, str]:
    return {ref: value for ref, value in found.items() if isinstance(value, str)}
