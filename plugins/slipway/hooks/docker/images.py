"""Images: what they say of themselves, and getting them.

An engine keeps one image per name for everybody who uses it, so two things are avoided here.
A *pull* by name would change what the name means for all other projects: images are pulled by
digest, which moves no name, and containers are made from the id. And a *copy* that is here may
have been pulled with somebody else's login: each login has a name of its own for what it pulled,
and finds nothing else; without one the registry is asked, with the login of whoever wants it.
What was built or loaded here by whoever runs the machine is for everybody
(:mod:`slipway.hooks.docker.image_origin`).
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from slipway.exceptions import ContainerEngineError, ImageRefused, ImageUnavailable
from slipway.hooks.docker.built_images import built, inspect
from slipway.hooks.docker.errors import translated
from slipway.hooks.docker.image_origin import (
    BUILT,
    PULLED,
    built_repository,
    digest_from,
    was_built,
)
from slipway.hooks.docker.own_images import LABEL, OwnImages, foreign, is_own
from slipway.model.container import ImageFacts, NoSuchThing, PullPolicy
from slipway.model.image_name import ImageName

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import docker

    Login = Mapping[str, str] | None

# Seconds between two lines of progress.
_PAUSE = 3.0
_ADVICE = "correct the name, pull or build the image, or map it to another one under `images`"
_NOT_YOURS = (
    "a copy that is here was pulled with another login: name one of the project's own under "
    "`image_pull_secrets`, or correct it"
)
_EVERYBODY, _SLIPWAY = "everybody", "slipway"


class PullProgress:
    """Sums up what a registry sends, layer by layer.

    :param image: its name, for the lines.
    """

    def __init__(self, image: str) -> None:
        self._image = image
        self._layers: dict[str, tuple[int, int]] = {}
        self._said_at = time.monotonic() - _PAUSE

    def line(self, event: Mapping[str, Any]) -> str:
        """Take in an event; return a line when there has been none for a while."""
        detail = event.get("progressDetail") or {}
        if "total" in detail and event.get("status") == "Downloading":
            self._layers[str(event.get("id"))] = (int(detail.get("current", 0)), detail["total"])
        if not self._layers or time.monotonic() - self._said_at < _PAUSE:
            return ""
        self._said_at = time.monotonic()
        done = sum(layer[0] for layer in self._layers.values()) >> 20
        total = sum(layer[1] for layer in self._layers.values()) >> 20
        return f"{self._image}: {done} of {total} MiB"


class Images:
    """The images of one engine, as one installation may use them.

    :param client: the Docker SDK's client.
    :param installation: whose logins these are; several may share an engine.
    :param own: where Slipway's own images come from.
    :param client_logins: the client's own logins serve for whoever has none; for somebody at a
        shell, never for projects.
    """

    def __init__(
        self,
        client: docker.APIClient,
        *,
        installation: str,
        own: OwnImages | None = None,
        client_logins: bool = False,
    ) -> None:
        self._client = client
        self._installation = installation
        self._own = own or OwnImages()
        self._client_logins = client_logins

    def ensure(
        self, image: str, pull: PullPolicy, *, auth: Login, progress: Callable[[str], None]
    ) -> ImageFacts:
        """Make sure that an image is here and may be used, and tell what it says of itself.

        :param image: as it is written, with or without a tag.
        :param pull: whether its registry is asked.
        :param auth: ``username`` and ``password`` for its registry.
        :param progress: called with a line now and then while the image comes.
        :raises ImageRefused: when the name is none, or kept for others.
        :raises ImageUnavailable: naming the image and the registry's own words.
        """
        name = ImageName.parse(image)
        if is_own(name):
            return self._ensure_own(name, progress)
        if name.registry in (PULLED, BUILT):
            msg = f"{image} is no image of a registry"
            raise ImageRefused(msg, advice="name the image as its registry does")
        return _Request(
            self._client,
            name,
            written=image,
            names=self._names(auth),
            header=self._header(auth),
            progress=progress,
        ).fulfil(pull)

    def _ensure_own(self, name: ImageName, progress: Callable[[str], None]) -> ImageFacts:
        source = self._own.source(name)
        if source is not None:
            # With the client's login: whoever named the registry gave it.
            request = _Request(
                self._client,
                source,
                written=str(source),
                names=self._names(None, _SLIPWAY),
                header=None,
                progress=progress,
            )
            pull = PullPolicy.IF_NOT_EXISTS if source.digest else PullPolicy.REFRESH
            found = request.fulfil(pull)
            raw = inspect(self._client, found.id)
        else:
            raw = built(self._client, name)
            found = _facts(raw, "")
        if not ((raw.get("Config") or {}).get("Labels") or {}).get(LABEL):
            raise foreign(name, f"it has no label {LABEL}")
        return found

    def _names(self, auth: Login, owner: str = "") -> str:
        """Return the repository that holds a login's names.

        The login is told from others, and not told: a digest that takes its time.
        """
        login = "\0".join(f"{key}={value}" for key, value in sorted((auth or {}).items()))
        owner = owner or (_digest_of(login, self._installation) if auth else _EVERYBODY)
        installation = hashlib.sha256(self._installation.encode()).hexdigest()[:12]
        return f"{PULLED}/{installation}/{owner}"

    def _header(self, auth: Login) -> dict[str, str] | None:
        """Return what is sent to the registry; None lets the client look for a login itself."""
        return None if self._client_logins and not auth else dict(auth or {})


class _Request:
    """Somebody who wants one image.

    :param written: the name as they wrote it, for messages.
    :param names: the repository that holds the names of what this login pulled.
    :param header: the login; None lets the client look for one.
    """

    def __init__(
        self,
        client: docker.APIClient,
        name: ImageName,
        *,
        written: str,
        names: str,
        header: dict[str, str] | None,
        progress: Callable[[str], None],
    ) -> None:
        self._client = client
        self._name = name
        self._written = written
        self._names = names
        self._tag = hashlib.sha256(str(name).encode()).hexdigest()[:40]
        self._header = header
        self._progress = progress

    def fulfil(self, pull: PullPolicy) -> ImageFacts:
        if pull is PullPolicy.ALWAYS:
            return self._fetch()
        if pull is PullPolicy.REFRESH:
            return self._refresh()
        found = self._here()
        if found is None and pull is PullPolicy.NEVER:
            msg = f"image {self._written} is not on this machine, and may not be pulled"
            raise ImageUnavailable(msg, advice=self._advice())
        return found or self._fetch()

    def _advice(self) -> str:
        if self._inspect(str(self._name)) is None:
            return _ADVICE
        told = f"{built_repository(self._name)}:{self._name.tag or 'here'}"
        return f"{_NOT_YOURS}; if it was built here, say so: `docker tag {self._name} {told}`"

    def _refresh(self) -> ImageFacts:
        """Ask the registry, and make do with what is here when it does not give.

        What was built here has no registry to ask: who has its name there may be anybody.
        """
        if built := self._built():
            return built
        try:
            return self._fetch()
        except ImageUnavailable as error:
            found = self._here()
            if found is None:
                raise
            self._progress(f"{self._written}: the one that is here is used ({error.message})")
            return found

    def _here(self) -> ImageFacts | None:
        """Find what may be used without asking: built here, or pulled before with this login."""
        if built := self._built():
            return built
        pulled = self._inspect(f"{self._names}:{self._tag}")
        return _facts(pulled, digest_from(pulled, self._name.repository)) if pulled else None

    def _built(self) -> ImageFacts | None:
        plain = self._inspect(str(self._name))
        return _facts(plain, "") if plain and was_built(plain, self._name) else None

    def _fetch(self) -> ImageFacts:
        """Ask the registry which image it is, and pull that one unless it is here."""
        try:
            with translated(f"pull {self._written}"):
                digest = _digest_in_registry(self._client, str(self._name), self._header)
            pinned = replace(self._name, tag="", digest=digest)
            raw = self._inspect(str(pinned)) or self._pull(pinned)
            with translated(f"remember {self._written}"):
                self._client.tag(raw["Id"], self._names, self._tag, force=True)
        except ContainerEngineError as error:
            msg = f"image {self._written} is neither here nor can it be pulled ({error.message})"
            raise ImageUnavailable(msg, advice=self._advice()) from error
        return _facts(raw, str(pinned))

    def _pull(self, pinned: ImageName) -> dict[str, Any]:
        report = PullProgress(self._written)
        with translated(f"pull {self._written}"):
            stream = self._client.pull(
                str(pinned), stream=True, decode=True, auth_config=self._header
            )
            for event in stream:
                if "error" in event:
                    raise ContainerEngineError(str(event["error"]))
                if line := report.line(event):
                    self._progress(line)
        return inspect(self._client, str(pinned))

    def _inspect(self, image: str) -> dict[str, Any] | None:
        try:
            return inspect(self._client, image)
        except NoSuchThing:
            return None


def _digest_in_registry(client: Any, image: str, header: dict[str, str] | None) -> str:
    return str(client.inspect_distribution(image, header)["Descriptor"]["digest"])


def _facts(raw: Mapping[str, Any], digest: str) -> ImageFacts:
    config: dict[str, Any] = raw.get("Config") or {}
    exposed = (port.split("/") for port in config.get("ExposedPorts") or {})
    ports = sorted(int(port[0]) for port in exposed if port[1:] in ([], ["tcp"]))
    test = (config.get("Healthcheck") or {}).get("Test") or ["NONE"]
    return ImageFacts(
        id=raw["Id"],
        ports=tuple(ports),
        has_healthcheck=test[0] != "NONE",
        digest=digest,
        user=str(config.get("User") or ""),
    )


def _digest_of(login: str, salt: str) -> str:
    return hashlib.scrypt(login.encode(), salt=salt.encode(), n=1 << 12, r=8, p=1).hex()[:24]
