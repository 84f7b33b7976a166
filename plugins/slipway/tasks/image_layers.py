"""What the two layers of an image are baked from: their identity, for whoever bakes or looks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airflow.sdk.configuration import conf

from slipway.hooks.aws.machine_images import ImageCatalogue
from slipway.hooks.tools.packer import Bake
from slipway.hooks.tools.recipes import digest, recipe
from slipway.model.facts import PublishedPackage, Release
from slipway.tasks.known_images import DEB, Found, KnownImages


def baked_before(images: KnownImages, package: PublishedPackage) -> Found:
    """Find an image of a package, whatever base layer and recipe it was baked with.

    What ran before should run again: on the way back, and on the way from dev to production, an
    image that proved itself is better than a new one with the same release in it.

    :param images: of the environment's account and region.
    :param package: of the release.
    """
    return images.find(_release_tags(package), package.release)


def _release_tags(package: PublishedPackage) -> dict[str, str]:
    release = package.release
    return {
        "slipway:layer": "app", DEB: package.digest,
        "slipway:project": release.project, "slipway:version": release.version,
        "slipway:sha": release.sha,
    }  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Layers:
    """The base layer, and the application on it.

    :param region: where the images live.
    :param unit: the systemd unit that serves.
    :param config: settings in the unit's environment on every machine.
    :param recipes: the folder that holds ``packer`` and ``ansible``; ``[slipway] recipes`` when
        None.
    :param uses: further packages that may come from the repository, which all projects share.
    """

    region: str
    unit: str
    config: Mapping[str, str]
    recipes: str | None = None
    uses: Sequence[str] = ()

    @property
    def _root(self) -> Path:
        return Path(self.recipes or conf.get("slipway", "recipes"))

    def base(self, catalogue: ImageCatalogue, name: str) -> Bake:
        """Return the bake of the base layer, on the newest source image.

        :param catalogue: where the source image is looked up.
        :param name: of everything temporary.
        """
        files = recipe(self._root, "base")
        source = catalogue.source(
            conf.get("slipway", "source_ami", fallback="debian-12-amd64-*"),
            conf.get("slipway", "source_owner", fallback="136693071363"),
        )
        playbook = digest(files)
        return Bake(
            name=name, image_name=f"slipway-base-{playbook}-{name[-24:]}", files=files,
            playbook="ansible/base.yml", source_image=source, region=self.region,
            tags={
                "slipway:layer": "base", "slipway:playbook": playbook,
                "slipway:base-image": source,
            },
            settings=_settings(),
        )  # fmt: skip

    def app(
        self, package: PublishedPackage, base_image: str, name: str, key: str | None = None
    ) -> Bake:
        """Return the bake of the application.

        :param package: of the release.
        :param base_image: what it is baked on.
        :param name: of everything temporary.
        :param key: the public key that the repository is signed with now; the one of the
            package's day when None.
        """
        files = recipe(self._root, "app")
        variables: dict[str, Any] = {
            "app_package": package.name, "app_version": package.version,
            "app_uses": sorted(self.uses), "app_sha256": package.sha256,
            "app_unit": self.unit,
            # As it is: Ansible would take braces in a setting for a template of its own.
            "app_config": {one: {"__ansible_unsafe": self.config[one]} for one in self.config},
            "app_repository_url": package.repository_url,
            "app_repository_distribution": package.distribution,
            "app_repository_component": package.component,
            "app_repository_key": key or package.signing_key,
        }  # fmt: skip
        if beside := [one for one in package.beside if one.installed]:
            variables["app_beside"] = [
                {"name": one.name, "version": one.version, "sha256": one.sha256} for one in beside
            ]
        playbook = digest(files, {"variables": json.dumps(variables, sort_keys=True).encode()})
        release = package.release
        return Bake(
            name=name, image_name=f"{_short(release)}-{playbook}", files=files,
            playbook="ansible/site.yml", source_image=base_image, region=self.region,
            tags={
                **_release_tags(package), "slipway:playbook": playbook,
                "slipway:base-image": base_image,
            },
            variables=variables, settings=_settings(),
        )  # fmt: skip


def _short(release: Release) -> str:
    """Leave room for what else is in an image's name, which takes 128 characters."""
    return f"{release.project}-{release.slug}"[:90]


def _settings() -> dict[str, Any]:
    """Read how builders are reached and made, from ``[slipway]`` in Airflow's configuration."""
    return {
        "instance_type": conf.get("slipway", "bake_instance_type", fallback="t3.small"),
        "ssh_interface": conf.get("slipway", "bake_ssh_interface", fallback="private_ip"),
        "encrypt_boot": conf.getboolean("slipway", "bake_encrypt", fallback=True),
    }
