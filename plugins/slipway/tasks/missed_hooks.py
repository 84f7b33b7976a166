"""Tells of a project whose webhooks have stopped coming while polls find its commits."""

from __future__ import annotations

from datetime import datetime

from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.notes.hooks import last_finds, last_hook, note_finds
from slipway.policies.hook_silence import FINDS, has_fallen_silent, silence

# Finds that are remembered, of which the oldest tells since when it is so.
_MOST_FINDS = 20


def note_find(store: ArtifactStore, project: str, now: datetime) -> str | None:
    """Note that a poll found commits; returns a message where the hook should have told of them.

    Where no hook has ever come nothing is noted: nobody misses one.

    :param store: where it is noted.
    :param project: the project's name.
    :param now: the time.
    """
    hook = last_hook(store, project)
    if hook is None:
        return None
    finds = [one for one in last_finds(store, project) if one > hook.at]
    # The first ones stay: they tell since when.
    finds = [*finds[:FINDS], *finds[FINDS:][-(_MOST_FINDS - FINDS - 1) :], now]
    note_finds(store, project, finds)
    if not has_fallen_silent(hook.at, finds, now):
        return None
    return silence(project, hook.at, hook.host, finds)
