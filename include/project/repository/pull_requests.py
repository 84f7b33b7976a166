"""What becomes of a project's pull requests, as people write it in a project file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, BeforeValidator

from slipway.model.git.watching import PROPOSALS
from slipway.policies.pull_requests import Asks

if TYPE_CHECKING:
    from include.project.model import Project


class PullRequests(BaseModel, frozen=True, extra="forbid", use_attribute_docstrings=True):
    """Pull requests are tested, and never deployed (docs/pull-requests.md)."""

    approve: Asks = Asks.FORKS
    """Whose pull requests wait for a person where they change the pipeline file or migrations:
    those of `forks`, of `everybody`, or of `nobody`."""


def read_pull_requests(value: Any) -> Any:
    """Read what becomes of pull requests: ``true`` is all defaults, ``false`` is nothing.

    :param value: what the file says.
    :raises ValueError: when it is neither of these nor a mapping.
    """
    if value is None or isinstance(value, PullRequests | Mapping):
        return value
    if not isinstance(value, bool):
        msg = f"write true, or a mapping like {{approve: forks}}, not {value!r}"
        raise ValueError(msg)
    return {} if value else None


WrittenPullRequests = Annotated[
    PullRequests | None,
    BeforeValidator(read_pull_requests, json_schema_input_type=bool | PullRequests | None),
]


def has_proposals(project: Project) -> bool:
    """Tell whether something of a project is tested that is not delivered.

    :param project: the project.
    """
    repository = project.repository
    return repository.pull_requests is not None or bool(repository.watch.branches)


def require_free_name(project: Project) -> None:
    """Make sure that no environment has the name of the DAG in which proposals are tested.

    :param project: the project.
    :raises ValueError: when one has.
    """
    if has_proposals(project) and PROPOSALS in project.environments:
        msg = f"{project.name}.{PROPOSALS} is the DAG of pull requests; rename the environment"
        raise ValueError(msg)
