"""What became of bringing a proposal together with the branch that it wants to go to."""

from __future__ import annotations

import dataclasses

from slipway.model.fact import Fact


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Merge(Fact):
    """A merge that was tried; nobody sees it but the run that it was made for.

    :param target: the newest commit of the branch that it was tried with.
    :param sha: the merge, or the proposal itself where it has all of that branch; empty where the
        two do not merge.
    :param conflicts: the files in which they do not, as far as git names any.
    """

    target: str
    sha: str = ""
    conflicts: tuple[str, ...] = ()
