"""The part of Docker's API that has to do with images, in memory, with registries behind it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any
from unittest import mock

import docker
import docker.errors

from slipway.hooks.docker.image_origin import built_repository
from slipway.model.image_name import ImageName

Login = Mapping[str, str]


def digest_of(content: str) -> str:
    return f"sha256:{hashlib.sha256(content.encode()).hexdigest()}"


class ImageEngine:
    """Keeps images by id, and names that lead to them, as Docker does.

    ``remote`` is what registries have: name -> (content, login that it takes, or None).
    """

    def __init__(self) -> None:
        self.remote: dict[str, tuple[str, Login | None]] = {}
        self.offline = False
        self.asked: list[str] = []
        self.pulled: list[str] = []
        self.images: dict[str, dict[str, Any]] = {}
        self.names: dict[str, str] = {}
        self.client = mock.create_autospec(docker.APIClient, instance=True)
        self.client.inspect_image.side_effect = self._inspect
        self.client.inspect_distribution.side_effect = self._distribution
        self.client.pull.side_effect = self._pull
        self.client.tag.side_effect = self._tag

    def build(self, name: str, content: str, labels: Mapping[str, str] | None = None) -> str:
        """Have an image that was built here, under a name."""
        return self.keep(name, content, labels)

    def id_of(self, content: str) -> str:
        return f"sha256:{hashlib.sha256(f'image {content}'.encode()).hexdigest()}"

    def keep(self, name: str, content: str, labels: Mapping[str, str] | None = None) -> str:
        """Have an image under a name, wherever it came from."""
        image = self.id_of(content)
        raw = {"Id": image, "Config": {"Labels": dict(labels or {})}, "RepoDigests": []}
        self.images.setdefault(image, raw)
        self.names[str(ImageName.parse(name))] = image
        return image

    def publish(self, name: str, content: str, login: Login | None = None) -> None:
        """Have a registry hand out an image, to whoever logs in like that."""
        self.remote[str(ImageName.parse(name))] = (content, login)

    def docker_pull(self, name: str) -> str:
        """Somebody pulls by name, past Slipway."""
        whole = ImageName.parse(name)
        content, _ = self.remote[str(whole)]
        image = self.keep(name, content)
        pinned = f"{whole.repository}@{digest_of(content)}"
        self.images[image]["RepoDigests"].append(pinned)
        self.names[pinned] = image
        return image

    def _inspect(self, name: str) -> dict[str, Any]:
        image = self.names.get(name, name)
        if image not in self.images:
            msg = f"No such image: {name}"
            raise docker.errors.ImageNotFound(msg)
        return {**self.images[image], "RepoTags": self.tags(image)}

    def tags(self, image: str) -> list[str]:
        return [name for name, to in self.names.items() if to == image and "@" not in name]

    def _distribution(self, name: str, auth_config: Login | None = None) -> dict[str, Any]:
        content = self._content(name, auth_config)
        return {"Descriptor": {"digest": digest_of(content)}}

    def _content(self, name: str, auth: Login | None) -> str:
        self.asked.append(name)
        if self.offline:
            msg = "no route to host"
            raise docker.errors.APIError(msg)
        whole = ImageName.parse(name)
        for known, (content, login) in self.remote.items():
            same = known == name or (
                whole.digest == digest_of(content)
                and ImageName.parse(known).repository == whole.repository
            )
            if same and (login is None or login == auth):
                return content
        msg = "denied"
        raise docker.errors.APIError(msg)

    def _pull(
        self, name: str, *, stream: bool, decode: bool, auth_config: Login | None
    ) -> Iterator[dict[str, Any]]:
        self.pulled.append(name)
        image = self.keep(name, self._content(name, auth_config))
        self.images[image]["RepoDigests"].append(name)
        yield {"status": "done"}

    def _tag(self, image: str, repository: str, tag: str, *, force: bool) -> bool:
        self.names[f"{repository}:{tag}"] = image
        return True


class ContainerdEngine(ImageEngine):
    """An engine whose images containerd keeps: an id is the digest, which each name has beside it.

    Pulled and built images look alike, so whoever builds one gives it a name that says so.
    """

    def build(self, name: str, content: str, labels: Mapping[str, str] | None = None) -> str:
        image, whole = self.keep(name, content, labels), ImageName.parse(name)
        self.names[f"{built_repository(whole)}:{whole.tag}"] = image
        return image

    def id_of(self, content: str) -> str:
        return digest_of(content)

    def _inspect(self, name: str) -> dict[str, Any]:
        raw = super()._inspect(name)
        named = (one for one, to in self.names.items() if to == raw["Id"])
        repositories = dict.fromkeys(ImageName.parse(one).repository for one in named)
        return {**raw, "RepoDigests": [f"{one}@{raw['Id']}" for one in repositories]}
