"""Holds, stops and rejections: a journal for each scope, which only ever grows.

An entry has what was done and what holds since, so the last one says it all. It is one object that
is written whole, under the next number, and only if nobody has that number yet: of two people at
once the second sees what the first did, and a writer that is killed has done all of it or nothing.
The signature covers the number, so no entry takes another's place; a gap is told.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from slipway.exceptions import RecordRefused
from slipway.hooks.store.signed_records import SignedBook
from slipway.hooks.store.signing_keys import CONNECTION
from slipway.model.controls import ControlEvent, Controls, Scope, ScopeState
from slipway.model.fact import Fact

_ROOT = "controls"
_ENTRY = re.compile(r"(\d{8})\.json")
_MISSING = (
    "what holds here is not known without it: restore it from a backup; its key, if it was "
    f"rotated, belongs behind the first one in the connection {CONNECTION!r}"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Entry(Fact):
    event: ControlEvent
    state: ScopeState


class ControlBook(SignedBook):
    """Journals below ``controls``: in ``everything``, ``projects`` and ``environments``."""

    def of(self, project: str, environment: str) -> Controls:
        """Return everything that holds for one environment.

        :param project: the project's name.
        :param environment: the environment's.
        :raises RecordRefused: when an entry was not signed here, or is missing.
        """
        scopes = (
            Scope(),
            Scope(project=project),
            Scope(project=project, environment=environment),
        )
        states = [(scope, self.state(scope)) for scope in scopes]
        return Controls(
            hold=states[2][1].hold,
            stops=tuple((scope, one.stop) for scope, one in states if one.stop is not None),
            rejected={one.version: one for one in states[1][1].rejected},
            urgent=states[2][1].urgent,
            cancelled=states[2][1].cancelled,
        )

    def state(self, scope: Scope) -> ScopeState:
        """Return what holds for a scope by itself.

        :param scope: which.
        :raises RecordRefused: when an entry was not signed here, or is missing.
        """
        last = len(self._numbers(scope))
        return self._read(scope, last).state if last else ScopeState()

    def events(self, scope: Scope) -> list[ControlEvent]:
        """Return all that was done to a scope, the first first.

        :param scope: which.
        :raises RecordRefused: when an entry was not signed here, or is missing.
        """
        return [self._read(scope, number).event for number in self._numbers(scope)]

    def scopes(self) -> Iterator[Scope]:
        """Yield everything that has a journal, also of projects that are gone."""
        if self._store.keys(f"{_ROOT}/everything"):
            yield Scope()
        for project in self._store.keys(f"{_ROOT}/projects"):
            yield Scope(project=project)
        for project in self._store.keys(f"{_ROOT}/environments"):
            for name in self._store.keys(f"{_ROOT}/environments/{project}"):
                yield Scope(project=project, environment=name)

    def note(
        self, event: ControlEvent, change: Callable[[ScopeState, ControlEvent], ScopeState]
    ) -> ControlEvent:
        """Note what somebody did, once for each run: tried again, it is there already.

        :param event: what was done; its time is that of the clock.
        :param change: says what holds afterwards.
        :returns: the event as it is noted.
        :raises RecordRefused: when an entry was not signed here, or is missing.
        """
        scope, event = event.scope, replace(event, at=int(self._clock()))
        while True:
            numbers = self._numbers(scope)
            last: _Entry | None = None
            for number in reversed(numbers):
                entry = self._read(scope, number)
                if _same(entry.event, event):
                    return entry.event
                last = last or entry
            state = last.state if last is not None else ScopeState()
            written = _Entry(event=event, state=change(state, event)).to_json()
            if self._records.put_new(_path(scope, len(numbers) + 1), written):
                return event
            # Somebody else was quicker: what holds now is what he left.

    def _numbers(self, scope: Scope) -> range:
        found = sorted(
            int(match[1])
            for match in map(_ENTRY.fullmatch, self._store.keys(_folder(scope)))
            if match
        )
        missing = next((n for n, there in enumerate(found, start=1) if n != there), None)
        if missing is not None:
            msg = f"{_path(scope, missing)} in the artifact store is missing"
            raise RecordRefused(msg, advice=_MISSING)
        return range(1, len(found) + 1)

    def _read(self, scope: Scope, number: int) -> _Entry:
        path = _path(scope, number)
        record = self._records.get(path)
        if record is None:
            msg = f"{path} in the artifact store was taken away just now"
            raise RecordRefused(msg, advice=_MISSING)
        return _Entry.from_json(record)


def _same(one: ControlEvent, other: ControlEvent) -> bool:
    """Tell whether two events are one run's one doing."""
    return _run(one) == _run(other)


def _run(one: ControlEvent) -> tuple[object, ...]:
    return one.dag_id, one.run_id, one.asked_at, one.action, one.version


def _folder(scope: Scope) -> str:
    if not scope.project:
        return f"{_ROOT}/everything"
    if not scope.environment:
        return f"{_ROOT}/projects/{scope.project}"
    return f"{_ROOT}/environments/{scope.project}/{scope.environment}"


def _path(scope: Scope, number: int) -> str:
    return f"{_folder(scope)}/{number:08d}.json"
