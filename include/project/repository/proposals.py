"""Whether something of a repository is tested that is not delivered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipway.model.git.watching import PROPOSALS

if TYPE_CHECKING:
    from collections.abc import Collection

    from include.project.repository.source import Repository


def has_proposals(repository: Repository) -> bool:
    """Tell whether something of a repository is tested that is not delivered.

    :param repository: as the project file describes it.
    """
    return repository.pull_requests is not None or bool(repository.watch.branches)


def require_free_name(project: str, repository: Repository, environments: Collection[str]) -> None:
    """Make sure that no environment has the name of the DAG in which proposals are tested.

    :param project: its name.
    :param repository: as the project file describes it.
    :param environments: the names of the project's.
    :raises ValueError: when one has.
    """
    if has_proposals(repository) and PROPOSALS in environments:
        msg = f"{project}.{PROPOSALS} is the DAG of pull requests; rename the environment"
        raise ValueError(msg)
