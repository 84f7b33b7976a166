"""The end of a find: its run is there, so it need not be found again."""

from __future__ import annotations

from collections.abc import Iterable

from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.heads import head_key
from slipway.hooks.store.seen_refs import Kind, add_refs
from slipway.tasks.watching.found import Seen
from slipway.tasks.watching.missing import missing_note, note_of


def remember_seen(store: ArtifactStore, seen: Iterable[Seen]) -> dict[str, str]:
    """Remember what was seen; of one ref the last one stays.

    :param store: where it is remembered.
    :param seen: in order.
    :returns: the remembered sha of each project's delivered branch.
    """
    heads: dict[str, str] = {}
    others: dict[tuple[str, Kind], dict[str, str]] = {}
    for one in seen:
        if one.kind is None:
            heads[one.project] = one.value
        elif one.kind is Kind.MISSING:
            store.put(missing_note(one.project), note_of(one.ref))
        else:
            others.setdefault((one.project, one.kind), {})[one.ref] = one.value
    for project, sha in heads.items():
        store.put_json(head_key(project), sha)
    for (project, kind), refs in others.items():
        add_refs(store, project, kind, refs)
    return heads
