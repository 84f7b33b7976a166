"""What each edition of a release is launched from, so that a way back finds the settings of then.

A note is signed, since machines are launched by it: with which instance profile, say, and in which
subnets. Like the history of deployments the notes stay for good.
"""

from __future__ import annotations

import dataclasses

from slipway.hooks.store.signed_records import SignedBook
from slipway.model.edition import is_later
from slipway.model.launched import Launched

_LAUNCHED, _SUFFIX = "launched", ".json"


class Editions(SignedBook):
    """Notes under ``editions/<project>/<environment>/<edition>.json``.

    What a first edition was launched from lies under ``launched/`` until it has served: a launch
    that fails takes nothing from what the release served with before.
    """

    def find(self, project: str, environment: str, name: str) -> Launched | None:
        """Return what an edition is launched from; None where nothing is noted.

        :param project: the project's name.
        :param environment: the environment's.
        :param name: of the edition.
        :raises RecordRefused: when it was not signed here.
        """
        return self._read(_key(project, environment, name))

    def later(self, project: str, environment: str) -> list[str]:
        """List the editions that an environment has notes of, without first ones, in no order.

        :param project: the project's name.
        :param environment: the environment's.
        """
        names = self._store.keys(_folder(project, environment))
        found = (one.removesuffix(_SUFFIX) for one in names if one.endswith(_SUFFIX))
        return [one for one in found if is_later(one)]

    def note(self, launched: Launched) -> None:
        """Note it, in place of what was noted before.

        :param launched: what the edition is launched from.
        """
        self._records.put(_path(launched), launched.to_json())

    def note_launch(self, launched: Launched) -> None:
        """Note what a first edition is launched from just now.

        :param launched: that.
        """
        self._records.put(_path(launched, _LAUNCHED), launched.to_json())

    def prove(self, project: str, environment: str, name: str, image_id: str) -> None:
        """Note that an edition has served, where anything is noted of it.

        A launch of another image than the one that served failed, and takes nothing from it.

        :param project: the project's name.
        :param environment: the environment's.
        :param name: of the edition.
        :param image_id: that it served with; empty where nobody knows.
        :raises RecordRefused: when a note was not signed here.
        """
        there = _key(project, environment, name, _LAUNCHED)
        launched = self._read(there)
        served = launched if launched is not None and launched.image_id == image_id else None
        found = served or self.find(project, environment, name)
        if found is not None and not found.proven:
            self.note(dataclasses.replace(found, proven=True))
        if launched is not None:
            self._store.delete(there)

    def _read(self, path: str) -> Launched | None:
        found = self._records.get(path)
        return Launched.from_json(found) if found is not None else None


def _path(launched: Launched, *below: str) -> str:
    release = launched.release
    return _key(release.project, launched.environment, release.version, *below)


def _key(project: str, environment: str, name: str, *below: str) -> str:
    return "/".join((_folder(project, environment), *below, f"{name}{_SUFFIX}"))


def _folder(project: str, environment: str) -> str:
    return f"editions/{project}/{environment}"
