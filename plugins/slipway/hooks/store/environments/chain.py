"""Records that several writers change, on storage that knows no locks.

A record is a chain of objects, ``<name>~<generation>.json``. Whoever changes it reads the last one
and stores the next, which is refused when somebody else was quicker: then he reads again. No object
is ever changed, so a listing tells whether what somebody remembers of a record still holds; and a
writer that is killed has either written the next one or done nothing. What is behind is removed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable

from slipway.exceptions import RecordRefused
from slipway.hooks.store.signed_records import SignedRecords
from slipway.model.facts import Json

_NAME = re.compile(r"(?P<name>[^~/]+)~(?P<generation>\d{10,18})\.json")
# Generations that stay: whoever listed one before the last was written can still read it.
_BEHIND = 2
# Writers who were quicker, before one gives up; each try is a listing and two small objects.
_TRIES = 50


class Chains:
    """All chains directly below one folder.

    :param records: the store, with its keys.
    :param folder: without the trailing slash.
    """

    def __init__(self, records: SignedRecords, folder: str) -> None:
        self._records = records
        self._folder = folder

    def heads(self) -> dict[str, str]:
        """List the last object of each chain: the chain's name -> the object's."""
        found: dict[str, str] = {}
        for one in sorted(self._listed(), key=_generation):
            if match := _NAME.fullmatch(one):
                found[match["name"]] = one
        return found

    def read(self, head: str) -> Json | None:
        """Return what an object of :meth:`heads` holds; None when it is behind by now.

        :raises RecordRefused: when it was not signed here.
        """
        return self._records.get(f"{self._folder}/{head}")

    def last(self, name: str) -> Json | None:
        """Return what a chain holds now; None where there is none.

        :raises RecordRefused: when it was not signed here.
        """
        for _ in range(_TRIES):
            head = self.heads().get(name)
            found = self.read(head) if head else None
            if found is not None or head is None:
                return found
        return None

    def change(self, name: str, make: Callable[[Json | None], Json | None]) -> Json | None:
        """Change what a chain holds.

        :param name: of the chain.
        :param make: told what it holds, returns what it should hold, or None to leave it; asked
            again when somebody else was quicker. What was not signed here counts as nothing.
        :returns: what it holds now.
        :raises RecordRefused: when others were quicker each time.
        """
        for _ in range(_TRIES):
            # Once: it names all projects' records, and is a page for each thousand of them.
            own = sorted((one for one in self._listed() if _is_of(name, one)), key=_generation)
            head = own[-1] if own else ""
            before = self._trusted(head)
            made = make(before)
            # As it is read back: a list is no tuple.
            after: Json | None = json.loads(json.dumps(made))
            if after is None or after == before:
                return before
            number = _generation(head) + 1
            made_as = f"{name}~{number:010d}.json"
            if not self._records.put_new(f"{self._folder}/{made_as}", after):
                continue
            if self._was_behind(name, head, number):
                self._remove([made_as])
                continue
            self._remove(one for one in own if _generation(one) < number - _BEHIND)
            return after
        msg = f"{self._folder}/{name} was changed by somebody else each time"
        raise RecordRefused(msg, advice="try again; if it stays so, look who writes there")

    def drop(self, name: str) -> None:
        """Remove a chain."""
        self._remove(one for one in self._listed() if _is_of(name, one))

    def _was_behind(self, name: str, head: str, number: int) -> bool:
        """Tell whether what was just stored took a place that others had left behind already.

        Whoever was held up between reading and storing finds it free again, and is not refused.
        What he read is gone by then.
        """
        if head:
            return self._records.store.get(f"{self._folder}/{head}") is None
        return _generation(self.heads().get(name, "")) > number + _BEHIND

    def _trusted(self, head: str) -> Json | None:
        try:
            return self.read(head) if head else None
        except RecordRefused:
            return None

    def _remove(self, names: Iterable[str]) -> None:
        for one in names:
            self._records.store.delete(f"{self._folder}/{one}")

    def _listed(self) -> list[str]:
        return self._records.store.keys(self._folder)


def _is_of(name: str, listed: str) -> bool:
    match = _NAME.fullmatch(listed)
    return match is not None and match["name"] == name


def _generation(head: str) -> int:
    match = _NAME.fullmatch(head)
    return int(match["generation"]) if match else 0
