"""When a project's webhook came the last time, and what polls found since.

Notes of the artifact store, where the watcher's other memory is: Airflow's server writes the one,
the watcher the other, so that neither overwrites what the other noted. Nothing depends on them but
a message; whoever loses or forges them changes no run.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from slipway.hooks.store.artifacts import ArtifactStore
from slipway.policies.hook_silence import FINDS, has_fallen_silent, silence

# Finds that are remembered, of which the oldest tells since when it is so.
_MOST_FINDS = 20
_LONGEST_NAME = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class LastHook:
    """The last delivery that was signed as it should be.

    :param at: when it came.
    :param host: the kind of host that it came from.
    """

    at: datetime
    host: str


def note_hook(store: ArtifactStore, project: str, host: str, now: datetime) -> None:
    """Note that a hook came.

    :param store: where it is noted.
    :param project: the project's name.
    :param host: the kind of host that it came from.
    :param now: the time.
    """
    store.put_json(_hook(project), {"at": now.astimezone(UTC).isoformat(), "host": host})


def last_hook(store: ArtifactStore, project: str) -> LastHook | None:
    """Return the last hook; what cannot be read is as good as none.

    :param store: where it is noted.
    :param project: the project's name.
    """
    found = _read(store, _hook(project))
    at = _time(found.get("at")) if isinstance(found, dict) else None
    if at is None:
        return None
    return LastHook(at=at, host=str(found.get("host", ""))[:_LONGEST_NAME])


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
    known = _read(store, _finds(project))
    times = [_time(one) for one in known] if isinstance(known, list) else []
    finds = [one for one in times if one is not None and one > hook.at]
    # The first ones stay: they tell since when.
    finds = [*finds[:FINDS], *finds[FINDS:][-(_MOST_FINDS - FINDS - 1) :], now]
    store.put_json(_finds(project), [one.astimezone(UTC).isoformat() for one in finds])
    if not has_fallen_silent(hook.at, finds, now):
        return None
    return silence(project, hook.at, hook.host, finds)


def _hook(project: str) -> str:
    return f"hooks/{project}.json"


def _finds(project: str) -> str:
    return f"hooks/{project}.found.json"


def _read(store: ArtifactStore, key: str) -> Any:
    try:
        return store.get_json(key)
    except (ValueError, RecursionError):
        return None


def _time(text: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else None
