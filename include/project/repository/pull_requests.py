"""What becomes of a project's pull requests, as people write it in a project file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator

from slipway.policies.pull_requests import Asks


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
