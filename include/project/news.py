"""Whom a project's news are told, as people write it in a project file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)

from include.project.field_types import ConnectionName, Name, matching
from slipway.model.news.channel import ChannelKind, NewsChannel, NewsRoutes
from slipway.model.news.event import TELLABLE, NewsEvent
from slipway.model.text.nearest import suggestion

_EVENTS = tuple(one.value for one in TELLABLE)
SlackRoom = Annotated[
    str, matching(r"^(#[^\s#@<>|]{1,80}|[CGD][A-Z0-9]{6,20})$", "#channel, or a channel's id")
]
SlackPerson = Annotated[str, matching(r"^[UW][A-Z0-9]{6,20}$", "a member's id, such as U0123ABCD")]
_LOCAL, _DOMAIN = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}", r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*"
Address = Annotated[
    str, matching(rf"^{_LOCAL}@{_DOMAIN}$", "an address of e-mail: name@example.com", 254)
]
AddressOrDomain = Annotated[
    str,
    matching(
        rf"^({_LOCAL}@)?{_DOMAIN}$", "a domain (example.com), or an address (ann@example.com)", 254
    ),
]


def _known(value: Any) -> Any:
    """Name the nearest event that there is."""
    if isinstance(value, str) and value not in _EVENTS:
        msg = f"there is no event {value!r}{suggestion(value, _EVENTS)}"
        raise ValueError(msg)
    return value


def _listed(value: Any) -> Any:
    """Take one for a list of one."""
    return (value,) if isinstance(value, str) else value


Event = Annotated[
    NewsEvent,
    BeforeValidator(_known),
    WithJsonSchema({"type": "string", "enum": list(_EVENTS)}),
]


def _no_address(name: Any) -> Any:
    """Refuse what is a secret, without repeating it."""
    if isinstance(name, str) and "://" in name:
        msg = (
            "this is an address, and may be a secret: put it into an Airflow connection, and write "
            "that one's name here"
        )
        raise ValueError(msg)
    return name


Secret = Annotated[ConnectionName, BeforeValidator(_no_address)]


def _some(addresses: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(map(str.lower, addresses))) < len(addresses):
        msg = "an address is here twice"
        raise ValueError(msg)
    return addresses


class Channel(BaseModel):
    """Where news go: to one of `slack`, `email` and `webhook`."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    slack: Secret | None = None
    """Airflow connection of Slack: an incoming webhook, or the API, with `channel`."""
    channel: SlackRoom | None = None
    """Of Slack's API: the channel, as `#shop` or by its id."""
    people: dict[Address, SlackPerson] = {}
    """Of Slack: authors of commits, by their addresses in git, and the ids of members by which they
    are mentioned."""
    email: Secret | None = None
    """Airflow connection of type smtp."""
    to: Annotated[
        tuple[Address, ...], BeforeValidator(_listed), AfterValidator(_some), Field(max_length=50)
    ] = ()
    """Of e-mail: addresses that get it."""
    authors: Annotated[tuple[AddressOrDomain, ...], BeforeValidator(_listed)] = ()
    """Of e-mail: authors of the commits in the range get it as well, if their address in git is one
    of these, or of one of these domains. Nobody else's is believed."""
    webhook: Secret | None = None
    """Airflow connection whose host is an https URL, and whose password is the secret that messages
    are signed with."""
    events: Annotated[tuple[Event, ...], BeforeValidator(_listed), Field(min_length=1)] | None = (
        None
    )
    """What it is told; by default everything, except for each deployment of the continuous
    environment."""
    environments: Annotated[tuple[Name, ...], BeforeValidator(_listed)] = ()
    """Of which it is told, and of nothing else; by default of all, and of the branches."""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        kinds = [one.value for one in ChannelKind if getattr(self, one.value) is not None]
        if len(kinds) != 1:
            found = f", not {' and '.join(kinds)}" if kinds else ""
            msg = f"name the Airflow connection of one of slack, email and webhook{found}"
            raise ValueError(msg)
        own = {"slack": ("channel", "people"), "email": ("to", "authors")}
        for kind, fields in own.items():
            wrong = [one for one in fields if getattr(self, one) and kind != kinds[0]]
            if wrong:
                msg = f"{wrong[0]} belongs to a channel of {kind}, and this is one of {kinds[0]}"
                raise ValueError(msg)
        if self.email and not (self.to or self.authors):
            msg = "say who gets the e-mail: `to`, `authors`, or both"
            raise ValueError(msg)
        return self

    @property
    def kind(self) -> ChannelKind:
        """How it is reached."""
        return next(one for one in ChannelKind if getattr(self, one.value) is not None)

    def named(self, name: str) -> NewsChannel:
        """Return the channel as those who tell news know it.

        :param name: in the project file.
        """
        return NewsChannel(
            name=name,
            kind=self.kind,
            connection=getattr(self, self.kind.value),
            events=self.events or (),
            environments=self.environments,
            room=self.channel or "",
            to=self.to,
            authors=self.authors,
            people=tuple(self.people.items()),
        )


News = dict[Name, Channel]


def news_routes(project: str, channels: News, continuous: str | None) -> NewsRoutes | None:
    """Return a project's channels; None where it has none.

    :param project: the project's name.
    :param channels: as the project file has them.
    :param continuous: the environment that every commit is deployed to.
    """
    if not channels:
        return None
    found = tuple(one.named(name) for name, one in channels.items())
    return NewsRoutes(project=project, channels=found, continuous=continuous or "")


def unknown_environment(channels: News, environments: Iterable[str]) -> str:
    """Say which environment a channel names that the project has not; empty where there is none.

    :param channels: as the project file has them.
    :param environments: the project's.
    """
    known = list(environments)
    for name, channel in channels.items():
        for one in channel.environments:
            if one not in known:
                return f"news.{name}: there is no environment {one!r}{suggestion(one, known)}"
    return ""
