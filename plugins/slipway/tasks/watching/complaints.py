"""What is wrong is said once in the log, and noted where people see it until it is mended."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from slipway.exceptions import SlipwayError
from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.watch_trouble import Trouble, forget_trouble, note_trouble, troubles
from slipway.model.text.inert import visible

# Characters of somebody else's message that anybody reads.
_MOST_SAID = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """What can be in trouble: a repository, or one project of it.

    :param key: of its own.
    :param repository: its URL.
    :param projects: that are concerned.
    """

    key: str
    repository: str
    projects: tuple[str, ...]

    def __str__(self) -> str:
        """Name the projects, as a line of the log begins."""
        return ", ".join(self.projects)


class Complaints:
    """Keeps what is wrong.

    :param store: where it is noted.
    :param say: writes a line for people into the log.
    """

    def __init__(self, store: ArtifactStore, say: Callable[[str], None]) -> None:
        self._store = store
        self._say = say
        self._known: dict[str, Trouble] = {}

    def load(self, subjects: Iterable[str]) -> list[Trouble]:
        """Return what an earlier watcher noted; what is about nobody any more is forgotten.

        :param subjects: the keys of all that there are.
        """
        wanted = set(subjects)
        for one in troubles(self._store):
            if one.subject in wanted:
                self._known[one.subject] = one
            else:
                forget_trouble(self._store, one.subject)
        return list(self._known.values())

    def failures(self, subject: Subject) -> int:
        """Return how many looks in a row have failed.

        :param subject: what is in trouble, perhaps.
        """
        known = self._known.get(subject.key)
        return known.failures if known else 0

    def how_many(self, subjects: Iterable[str]) -> int:
        """Return how many are in trouble.

        :param subjects: keys of some.
        """
        return sum(one in self._known for one in subjects)

    def failed(
        self,
        subject: Subject,
        error: Exception,
        now: float,
        *,
        failures: int = 0,
        again: float = 0.0,
        away: bool = False,
    ) -> None:
        """Note that something is wrong, and say it unless that was said before.

        :param subject: what is in trouble.
        :param error: what is wrong.
        :param now: seconds since 1970.
        :param failures: how many times in a row; by default one more than before.
        :param again: when it is looked at again, seconds since 1970.
        :param away: a server did not answer.
        """
        before = self._known.get(subject.key)
        trouble = Trouble(
            subject=subject.key,
            repository=subject.repository,
            projects=subject.projects,
            reason=in_words(error),
            since=before.since if before else now,
            failures=failures or (before.failures + 1 if before else 1),
            again=again,
            away=away,
        )
        if before is None or before.reason != trouble.reason:
            self._say(f"{subject}: {trouble.reason}")
        self._known[subject.key] = trouble
        # What is asked again at each poll need not be written at each.
        if before is None or again or replace(before, failures=trouble.failures) != trouble:
            note_trouble(self._store, trouble)

    def mended(self, subject: Subject) -> None:
        """Note that nothing is wrong."""
        if (before := self._known.pop(subject.key, None)) is not None:
            forget_trouble(self._store, subject.key)
            self._say(f"{subject}: mended: {before.reason.splitlines()[0]}")


def in_words(error: Exception) -> str:
    """Say what is wrong; of a message that is not ours, no more than anybody reads."""
    if isinstance(error, SlipwayError):
        return str(error)
    return f"{type(error).__name__}: {visible(str(error)[:_MOST_SAID])}"
