"""Whether a newer commit ends the runs of older ones, as a project file says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipway.model.git.watching import Burst

if TYPE_CHECKING:
    from include.project.repository.source import Repository


def supersedes_pushes(repository: Repository) -> bool:
    """Tell whether a newer commit of a branch ends what the older ones' runs are at.

    Where each commit is run, each is to come to its own end, unless the project says otherwise;
    where only the newest is, the others have nothing to say.

    :param repository: as the project file describes it.
    """
    if repository.supersede is not None:
        return repository.supersede
    return repository.watch.commits is Burst.NEWEST


def supersedes_pull_requests(repository: Repository) -> bool:
    """Tell whether a newer commit of a pull request ends what the older ones' runs are at.

    :param repository: as the project file describes it.
    """
    return repository.supersede is not False
