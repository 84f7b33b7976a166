"""Who may do what on an environment, as people write it in a project file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Protocol

from pydantic import AfterValidator, BaseModel, Field

from slipway.model.text.nearest import nearest
from slipway.policies.rights import ROLE

_KINDS = ("role", "user", "group", "team")


def _known_form(value: str) -> str:
    """Keep to a login, or a role behind ``role:``.

    :raises ValueError: for a role without a name, and for another word before a colon.
    """
    text = value.strip()
    kind, colon, rest = text.partition(":")
    if not text or not text.isprintable() or "," in text:
        msg = f"{value!r} is no login; write `ann`, or `role:leads`"
        raise ValueError(msg)
    if not colon:
        return text
    if f"{kind}:" == ROLE and rest.strip() == rest and rest:
        return text
    if nearest(kind.casefold(), _KINDS) or kind.casefold() in _KINDS:
        word = f"{ROLE}{rest.strip()}" if kind.casefold() != "user" else rest.strip()
        msg = f"{value!r} is neither a login nor a role; did you mean {word!r}?"
        raise ValueError(msg)
    return text


Who = Annotated[str, AfterValidator(_known_form)]


class May(BaseModel, frozen=True, extra="forbid", use_attribute_docstrings=True):
    """Who may do what: logins of Airflow, and `role:NAME`; left out, whoever Airflow lets."""

    deploy: tuple[Who, ...] | None = None
    """Who may put a release on it, or take it back. Commits of a continuous environment are
    deployed all the same."""
    approve: Annotated[tuple[Who, ...], Field(min_length=1)] | None = None
    """Whose yes counts."""
    override_freeze: tuple[Who, ...] | None = None
    """Who may deploy within a freeze, with a reason."""
    hold: tuple[Who, ...] | None = None
    """Who may hold, resume and stop it, and reject releases."""


# The names and addresses that somebody's commits carry.
People = dict[str, tuple[Annotated[str, Field(min_length=1)], ...]]


class Guarded(Protocol):
    """What of an environment its rights have to fit."""

    @property
    def may(self) -> May:
        """Who may do what there."""

    @property
    def approval(self) -> bool:
        """A person must say yes."""

    @property
    def approvals(self) -> int:
        """How many people must."""

    @property
    def four_eyes(self) -> bool:
        """Nobody approves his own."""

    @property
    def freeze(self) -> Sequence[object]:
        """When nothing is deployed."""


def unmet_rights(name: str, environment: Guarded) -> str | None:
    """Say what of an environment's rights could never be met; None when all can.

    :param name: of the environment.
    :param environment: the environment.
    """
    may, asks = environment.may, environment.approval
    for key, there in (
        ("approvals", environment.approvals > 1),
        ("four_eyes", environment.four_eyes),
        ("may.approve", may.approve is not None),
    ):
        if there and not asks:
            return f"{name}: `{key}` asks nobody without `approval: true`"
    if may.override_freeze is not None and not environment.freeze:
        return f"{name}: `may.override_freeze` overrides nothing where there is no `freeze`"
    named = list(may.approve or ())
    only_logins = may.approve is not None and not _roles(named)
    if only_logins and len(set(named)) < environment.approvals:
        return f"{name}: {environment.approvals} approvals, and {len(set(named))} may approve"
    return None


def _roles(named: Iterable[str]) -> list[str]:
    return [one for one in named if one.startswith(ROLE)]
