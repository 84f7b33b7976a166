"""What is remembered of branches and environments, so that people are told of changes alone.

Several tasks may end at once. So a memory is never written over: each change has the next number,
and of two that take the same one, one is told no and begins with what the other one wrote.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from slipway.exceptions import RecordRefused
from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.signed_records import SignedRecords
from slipway.hooks.store.signing_keys import RecordKeys, record_keys
from slipway.model.news.memory import Place, PlaceMemory

_NAME = re.compile(r"([0-9]{12})\.json")
# Older ones that stay for whoever is reading them.
_KEPT = 5


class NewsMemories:
    """Records under ``news/memory/<project>/<place>/<number>.json``; the highest one counts.

    :param store: where they are kept.
    :param project: the project's name.
    :param keys: gives the keys that they are signed with.
    """

    def __init__(
        self, store: ArtifactStore, project: str, keys: Callable[[], RecordKeys] = record_keys
    ) -> None:
        self._store = store
        self._records = SignedRecords(store, keys)
        self._root = f"news/memory/{project}"

    def latest(self, place: Place) -> tuple[int, PlaceMemory]:
        """Return what is remembered of a place, and its number; 0 where nothing is.

        What somebody else wrote there is as good as nothing, and the next number is above it.

        :param place: the branch or environment.
        """
        return self._latest(f"{self._root}/{place.key}", place)

    def advance(self, number: int, memory: PlaceMemory) -> bool:
        """Remember something new; False where somebody else took the number.

        :param number: one more than that of what it was made from.
        :param memory: what is remembered from now on.
        """
        folder = f"{self._root}/{memory.place.key}"
        if not self._records.put_new(f"{folder}/{number:012d}.json", memory.to_json()):
            return False
        for old in self._numbers(folder):
            if old <= number - _KEPT:
                self._store.delete(f"{folder}/{old:012d}.json")
        return True

    def every(self) -> Iterator[tuple[int, PlaceMemory]]:
        """Give what is remembered of each place of the project, with its number."""
        for key in self._store.keys(self._root):
            number, memory = self._latest(f"{self._root}/{key}", Place())
            if memory.place.key == key:
                yield number, memory

    def _latest(self, folder: str, place: Place) -> tuple[int, PlaceMemory]:
        numbers = self._numbers(folder)
        newest = numbers[-1] if numbers else 0
        for number in reversed(numbers):
            try:
                record = self._records.get(f"{folder}/{number:012d}.json")
                if record is not None:
                    return newest, PlaceMemory.from_json(record)
            except (RecordRefused, TypeError, ValueError, KeyError):
                continue
        return newest, PlaceMemory(place=place)

    def _numbers(self, folder: str) -> list[int]:
        found = map(_NAME.fullmatch, self._store.keys(folder))
        return sorted(int(one[1]) for one in found if one)
