"""What is wrong with repositories that are watched, as long as it is.

Notes beside the watcher's other memory: the watcher writes one when a repository fails and removes
it when it answers, Airflow's DAG processor shows them. Also when a repository is asked again is in
them, so that a watcher that was started anew asks no more often than the one before it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from slipway.hooks.store.artifacts import ArtifactStore
from slipway.model.fact import Fact

_FOLDER, _DIGITS = "watch/trouble", 24


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble(Fact):
    """Something that is wrong.

    :param subject: what it is wrong with: a key of the watcher's own.
    :param repository: its URL.
    :param projects: that are concerned.
    :param reason: what is wrong and what to do, for people.
    :param since: when it began, seconds since 1970.
    :param failures: how many looks in a row have failed.
    :param again: when it is looked at again, seconds since 1970.
    :param away: the server did not answer; its other repositories may not either.
    :param quiet: it may well be over in a moment, so nobody is shown it yet.
    :param until: when it is no longer shown unless it was noted anew, seconds since 1970; 0 where
        it is shown until it is mended.
    """

    subject: str
    repository: str
    projects: tuple[str, ...]
    reason: str
    since: float
    failures: int = 1
    again: float = 0.0
    away: bool = False
    quiet: bool = False
    until: float = 0.0

    def is_shown(self, now: float) -> bool:
        """Tell whether people are to be shown it.

        :param now: seconds since 1970.
        """
        return not self.quiet and (not self.until or now < self.until)


def note_trouble(store: ArtifactStore, trouble: Trouble) -> None:
    """Note what is wrong, in place of what was noted of the same subject.

    :param store: where it is noted.
    :param trouble: what is wrong.
    """
    store.put_json(_key(trouble.subject), trouble.to_json())


def forget_trouble(store: ArtifactStore, subject: str) -> None:
    """Note that it is mended; nothing noted is fine.

    :param store: where it was noted.
    :param subject: what it was wrong with.
    """
    store.delete(_key(subject))


def noted_trouble(store: ArtifactStore, subject: str) -> Trouble | None:
    """Return what was noted of a subject; None where nothing was, or nothing that can be read.

    :param store: where it was noted.
    :param subject: what may be in trouble.
    """
    return _read(store, _key(subject))


def troubles(store: ArtifactStore) -> list[Trouble]:
    """List what is wrong, the longest first; what cannot be read is passed over.

    :param store: where it is noted.
    """
    read = (_read(store, f"{_FOLDER}/{name}") for name in store.keys(_FOLDER))
    found = [one for one in read if one is not None]
    return sorted(found, key=lambda one: (one.since, one.subject))


def _read(store: ArtifactStore, key: str) -> Trouble | None:
    try:
        return Trouble.from_json(store.get_json(key))
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None


def _key(subject: str) -> str:
    digest = hashlib.sha256(subject.encode(errors="surrogateescape")).hexdigest()
    return f"{_FOLDER}/{digest[:_DIGITS]}.json"
