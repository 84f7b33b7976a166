"""Where caches are kept, as a run sees it; :class:`slipway.hooks.store.caches.Caches` is one."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Shelf(Protocol):
    """Keeps folders, each with the state of the files that it was made from.

    What goes wrong here is said in the log and costs time: it never fails a run.
    """

    @property
    def paths(self) -> Sequence[str]:
        """The folders: from the workspace's top, or absolute."""

    def find(self, pipeline: str, path: str) -> IO[bytes] | None:
        """Return what is kept of a folder, as a whole tar whose first name is the folder's own.

        :param pipeline: whose steps made it, by name.
        :param path: one of :attr:`paths`.
        :returns: None where nothing is kept that is whole.
        """

    def keep(self, pipeline: str, path: str, tar: Iterator[bytes]) -> None:
        """Keep a folder.

        :param pipeline: whose steps made it, by name.
        :param path: one of :attr:`paths`.
        :param tar: as :meth:`find` returns it, in pieces.
        """

    def spoil(self, pipeline: str, path: str) -> None:
        """Forget what was found of a folder: it could not be unpacked.

        :param pipeline: whose steps made it, by name.
        :param path: one of :attr:`paths`.
        """
