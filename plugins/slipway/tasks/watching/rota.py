"""When each repository is asked: whose turn it is, who has to wait, and for how long.

Nothing here asks anybody or looks at a clock. A repository that fails is asked less and less often,
up to a limit; where several of a host do not answer, one of them is asked for all of its host.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from operator import itemgetter

# Seconds: the wait after a first failure where polls are closer, and the longest wait.
FIRST, LONGEST = 15.0, 600.0
# Repositories of a host that do not answer, one after the other, until the host counts as away.
_AWAY = 3
# Seconds for each repository over which first looks are spread.
_APART = 0.03
# Repositories of one host that are asked side by side.
MOST_OF_HOST = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A repository, as one reader sees it.

    :param url: the repository.
    :param connection: id of the connection that it is read with, or None.
    """

    url: str
    connection: str | None

    @property
    def host(self) -> str:
        """The server, with its port, as far as the URL says so."""
        rest = self.url.partition("://")[2] or self.url.replace(":", "/", 1)
        return rest.partition("/")[0].rpartition("@")[2].lower()

    @property
    def subject(self) -> str:
        """The key of what is wrong with it."""
        return f"{self.url} {self.connection or ''}"


@dataclass(slots=True)
class _Turn:
    due: float
    host: str
    failures: int = 0
    asked: float | None = None


@dataclass(slots=True)
class _Host:
    failures: int = 0
    until: float = 0.0
    asked: set[Place] = field(default_factory=set)

    def is_away(self) -> bool:
        return self.failures >= _AWAY


class Rota:
    """Whose turn it is.

    :param interval: seconds between two looks at a repository; 0 where it is always its turn.
    :param pause: seconds until one that failed for the first time is asked again; no shorter than
        the interval.
    :param chance: gives a number between 0 and 1, so that many do not come at the same moment.
    """

    def __init__(
        self, interval: float, *, pause: float = FIRST, chance: Callable[[], float] = random.random
    ) -> None:
        self._interval = interval
        self._pause = max(interval, pause)
        self._chance = chance
        self._turns: dict[Place, _Turn] = {}
        self._hosts: dict[str, _Host] = {}

    def follow(self, places: Iterable[Place], now: float) -> None:
        """Take over which repositories there are; new ones are spread over the time to come.

        :param places: all of them.
        :param now: seconds since 1970.
        """
        wanted = list(places)
        spread = min(self._interval, _APART * len(wanted))
        known = self._turns
        # In no order, where it is the turn of all: one host's stand side by side in a list.
        first = now if spread else now - 1.0
        self._turns = {
            one: known.get(one)
            or _Turn(due=first + (spread or 1.0) * self._chance(), host=one.host)
            for one in wanted
        }

    def resume(self, place: Place, *, failures: int, again: float, away: bool) -> None:
        """Go on with what an earlier watcher knew of a repository that failed.

        :param place: the repository.
        :param failures: how many times in a row.
        :param again: when it is to be asked, seconds since 1970.
        :param away: the server did not answer.
        """
        if (turn := self._turns.get(place)) is not None:
            turn.failures, turn.due = failures, again
            if away:
                host = self._host(place)
                host.failures += 1
                host.until = max(host.until, again) if host.is_away() else host.until

    def due(self, now: float, most: int) -> list[Place]:
        """Return whose turn it is, the longest due first.

        :param now: seconds since 1970.
        :param most: how many at once.
        """
        waiting = [
            (turn.due, turn.host, one)
            for one, turn in self._turns.items()
            if turn.due <= now and not turn.asked
        ]
        waiting.sort(key=itemgetter(0))
        chosen: list[Place] = []
        busy = set[str]()  # of whom nobody else is asked now either
        for _, name, place in waiting:
            if len(chosen) >= most:
                break
            if name in busy:
                continue
            host = self._host(place)
            if self._may_be_asked(host, now):
                self._turns[place].asked = now
                host.asked.add(place)
                chosen.append(place)
            else:
                busy.add(name)
        return chosen

    def wait(self, now: float) -> float:
        """Return the seconds until somebody's turn comes."""
        dues = [
            max(turn.due, self._host(one).until if self._host(one).is_away() else 0.0)
            for one, turn in self._turns.items()
            if not turn.asked
        ]
        return max(0.0, min(dues, default=now + 1.0) - now)

    def succeeded(self, place: Place, now: float) -> None:
        """Note that a repository answered: it, and its host, are as good as ever."""
        host, turn = self._over(place)
        if host.is_away():
            self._call_back(place.host, now)
        host.failures, host.until = 0, 0.0
        if turn is not None:
            turn.failures = 0
            turn.due = now + self._interval * (0.9 + 0.2 * self._chance())

    def failed(self, place: Place, now: float, *, away: bool) -> tuple[int, float]:
        """Note that a repository failed.

        :param place: the repository.
        :param now: seconds since 1970.
        :param away: its server did not answer.
        :returns: how many times in a row, and when it is asked again.
        """
        host, turn = self._over(place)
        if away:
            host.failures += 1
            if host.is_away():
                host.until = now + self._back_off(host.failures - _AWAY + 1)
        else:
            host.failures = 0
        if turn is None:
            return 1, now
        turn.failures += 1
        turn.due = now + self._back_off(turn.failures)
        return turn.failures, turn.due

    def _may_be_asked(self, host: _Host, now: float) -> bool:
        if host.is_away():
            # One for all of them.
            return not host.asked and host.until <= now
        return len(host.asked) < MOST_OF_HOST

    def _call_back(self, host: str, now: float) -> None:
        """Let those of a host have their turns that waited for it."""
        waiting = [turn for one, turn in self._turns.items() if one.host == host and turn.failures]
        for turn in waiting:
            spread = min(self._interval, _APART * len(waiting))
            turn.due = min(turn.due, now + spread * self._chance())

    def _over(self, place: Place) -> tuple[_Host, _Turn | None]:
        host, turn = self._host(place), self._turns.get(place)
        host.asked.discard(place)
        if turn is not None:
            turn.asked = None
        return host, turn

    def _host(self, place: Place) -> _Host:
        return self._hosts.setdefault(place.host, _Host())

    def _back_off(self, failures: int) -> float:
        # The exponent has a limit of its own: after a week, two to its power is no number.
        wait = self._pause * 2.0 ** min(failures - 1, 16)
        return min(wait, max(LONGEST, self._pause)) * (0.8 + 0.2 * self._chance())
