"""When a project's webhook came the last time, and what polls found since.

Notes of the artifact store, where the watcher's other memory is: Airflow's server writes the one,
the watcher the other, so that neither overwrites what the other noted. Nothing depends on them but
a message; whoever loses or forges them changes no run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from slipway.hooks.store.artifacts import ArtifactStore

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


def last_finds(store: ArtifactStore, project: str) -> list[datetime]:
    """Return when polls found new commits, the oldest first.

    :param store: where it is noted.
    :param project: the project's name.
    """
    known = _read(store, _finds(project))
    times = [_time(one) for one in known] if isinstance(known, list) else []
    return [one for one in times if one is not None]


def note_finds(store: ArtifactStore, project: str, finds: Sequence[datetime]) -> None:
    """Note when polls found new commits.

    :param store: where it is noted.
    :param project: the project's name.
    :param finds: all that shall be remembered.
    """
    store.put_json(_finds(project), [one.astimezone(UTC).isoformat() for one in finds])


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
