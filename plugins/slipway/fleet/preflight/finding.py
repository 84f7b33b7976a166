"""One thing that would stop a deployment, said in full before anything is changed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What is missing or wrong.

    :param what: the thing, by the name that the project file has.
    :param trouble: with it.
    :param nearest: the right name that comes nearest, of the same project and network; empty where
        there is none.
    :param cure: what somebody has to do.
    :param passing: another try may find it gone.
    """

    what: str
    trouble: str
    nearest: str = ""
    cure: str
    passing: bool = False

    def __str__(self) -> str:
        """Return it as one line."""
        hint = f"; did you mean {self.nearest!r}?" if self.nearest else ""
        return f"{self.what} {self.trouble}{hint} ({self.cure})"
