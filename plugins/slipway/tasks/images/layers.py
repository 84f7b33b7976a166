"""What the two layers of an image are baked from: their identity, for whoever bakes or looks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from airflow.sdk.configuration import conf

from slipway.exceptions import EnvironmentMisconfigured, MachineImageRefused
from slipway.hooks.apt.repository_keys import RepositoryKeys
from slipway.hooks.aws.machine_images import Image, ImageCatalogue
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.tools.packer import Bake
from slipway.hooks.tools.project_roles import TUNING, machine_recipe, origin
from slipway.hooks.tools.recipes import digest, recipe
from slipway.model.cloud.machine import (
    Architecture,
    Machine,
    SourceImage,
    architecture_of,
    smallest_like,
)
from slipway.model.edition import version_of
from slipway.model.facts import PublishedPackage, Release
from slipway.tasks.images.inputs import file_inputs, variable_inputs
from slipway.tasks.images.search import release_tags

_ANEW = "start a new run with `same`, which takes the newest one; nothing was changed"
_BUILDERS = {Architecture.AMD64: "t3.small", Architecture.ARM64: "t4g.small"}


@dataclass(frozen=True, kw_only=True)
class Layers:
    """The base layer, and the application on it.

    :param region: where the images live.
    :param unit: the systemd unit that serves.
    :param config: settings in the unit's environment on every machine.
    :param recipes: the folder that holds ``packer`` and ``ansible``; ``[slipway] recipes`` when
        None.
    :param uses: further packages that may come from the repository, which all projects share.
    :param machine: what the environment's machines are.
    :param instance_type: of these machines, which must fit the image; not asked when empty.
    :param source_id: id of the image that the base layer starts from; the newest one when empty.
    """

    region: str
    unit: str
    config: Mapping[str, str]
    recipes: str | None = None
    uses: Sequence[str] = ()
    machine: Machine = field(default_factory=Machine)
    instance_type: str = ""
    source_id: str = ""

    @property
    def _root(self) -> Path:
        return Path(self.recipes or conf.get("slipway", "recipes"))

    def base(self, catalogue: ImageCatalogue, name: str) -> Bake:
        """Return the bake of the base layer, on the newest source image.

        :param catalogue: where the source image is looked up.
        :param name: of everything temporary.
        """
        files = recipe(self._root, "base")
        source = self._source(catalogue)
        playbook = digest(files)
        prefix = f"{self.machine.base_layer}{playbook}"
        return Bake(
            name=name,
            image_name=f"{prefix}-{name[-24:]}",
            files=files,
            playbook="ansible/base.yml",
            source_image=source.image_id,
            region=self.region,
            tags={
                "slipway:layer": "base",
                "slipway:playbook": playbook,
                "slipway:base-image": source.image_id,
            },
            settings=self._settings(),
            inputs={
                **file_inputs(files),
                "operating system": self.machine.os.value,
                "source image": f"{source.image_id} ({source.name})",
            },
        )

    def _source(self, catalogue: ImageCatalogue) -> Image:
        """Find what the base layer starts from, and see that the machines can run it."""
        machine, usual = self.machine, Machine()
        said = machine.source
        if self.source_id:
            image = catalogue.look_up(self.source_id)
            if image is None:
                msg = f"{self.source_id}, which the base layer starts from, is gone"
                raise EnvironmentMisconfigured(msg, advice=_ANEW)
        elif said is None and machine.platform == usual.platform:
            distribution = machine.distribution
            published = distribution.source(machine.architecture)
            # It may be of another architecture, as it could be before there was a choice.
            image = catalogue.source(
                SourceImage(
                    name=conf.get("slipway", "source_ami", fallback=published.name),
                    owner=conf.get("slipway", "source_owner", fallback=published.owner),
                ),
                "",
            )
        else:
            wanted = said or machine.distribution.source(machine.architecture)
            image = catalogue.source(wanted, machine.architecture.in_ec2)
        self._fits(image)
        return image

    def _fits(self, image: Image) -> None:
        if not self.instance_type:
            return
        kind = architecture_of(self.instance_type)
        if image.architecture in ("", kind.in_ec2):
            return
        other = next(one for one in Architecture if one is not kind)
        msg = (
            f"{self.instance_type} has an {kind.value} processor, and the image "
            f"{image.image_id} ({image.name}) that its machines start from is of {other.value}"
        )
        near = smallest_like(self.instance_type, other)
        advice = f"set machine: {{architecture: {kind.value}}}, or an instance type like {near}"
        raise EnvironmentMisconfigured(msg, advice=advice)

    def frame(self, project: str, base_image: str, name: str) -> Bake:
        """Return what is known of the bake of an application before there is a package.

        :param project: whose application.
        :param base_image: what it is baked on.
        :param name: of everything temporary.
        """
        machine = self.machine
        if machine.is_plain:
            files, playbook = recipe(self._root, "app"), "ansible/site.yml"
        else:
            files = machine_recipe(self._root, project, machine)
            playbook = "ansible/machine.yml"
        return Bake(
            name=name,
            image_name="",
            files=files,
            playbook=playbook,
            source_image=base_image,
            region=self.region,
            tags={},
            settings=self._settings(),
        )

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
        return self.filled(self.frame(package.release.project, base_image, name), package, key)

    def filled(self, frame: Bake, package: PublishedPackage, key: str | None = None) -> Bake:
        """Return the bake of an application, by which anybody can tell what is in it.

        :param frame: the bake without the package.
        :param package: of the release.
        :param key: the public key that the repository is signed with now; the one of the
            package's day when None.
        """
        machine, release, files = self.machine, package.release, frame.files
        chosen = self.package(package)
        variables = self._variables(chosen, key or chosen.signing_key)
        written = json.dumps(variables, sort_keys=True).encode()
        hashed = digest(files, {"variables": written})
        return replace(
            frame,
            image_name=f"{_short(release)}-{hashed}",
            tags={
                **release_tags(package, machine),
                "slipway:playbook": hashed,
                "slipway:base-image": frame.source_image,
            },
            variables=variables,
            inputs={
                **file_inputs(
                    {origin(self._root, release.project, one): files[one] for one in files}
                ),
                **variable_inputs(variables),
                "machine": machine.platform,
                "base layer": frame.source_image,
                "package": f"{chosen.name} {chosen.version} (sha256 {package.digest[:12]})",
            },
        )

    def _variables(self, chosen: PublishedPackage, key: str) -> dict[str, Any]:
        """Say what the playbook installs, and where from.

        :param chosen: the package for these machines.
        """
        variables: dict[str, Any] = {
            "app_package": chosen.name,
            "app_version": chosen.version,
            "app_uses": sorted(self.uses),
            "app_sha256": chosen.sha256,
            "app_unit": self.unit,
            # As it is: Ansible would take braces in a setting for a template of its own.
            "app_config": {one: {"__ansible_unsafe": self.config[one]} for one in self.config},
            "app_repository_url": chosen.repository_url,
            "app_repository_distribution": chosen.distribution,
            "app_repository_component": chosen.component,
            "app_repository_key": key,
        }
        if beside := [one for one in chosen.beside if one.installed]:
            variables["app_beside"] = [
                {"name": one.name, "version": one.version, "sha256": one.sha256} for one in beside
            ]
        return variables | _machine_variables(self.machine)

    def package(self, package: PublishedPackage) -> PublishedPackage:
        """Return the package for these machines, of those that a release has.

        :raises MachineImageRefused: when it has none for them.
        """
        machine = self.machine
        suite, architecture = machine.distribution.suite, machine.architecture.value
        found = package.for_machine(suite, architecture)
        # The source image of who says nothing may be of any architecture.
        if found is None and not package.others and machine.platform == Machine().platform:
            return package
        if found is None:
            msg = f"{package.name} {package.version} is no package for {suite} {architecture}"
            advice = f"there is {package.kinds}: build one for these machines, or correct `machine`"
            raise MachineImageRefused(msg, advice=advice)
        return found

    def key(self, package: PublishedPackage) -> str | None:
        """Return the key that the repository of the package for these machines is signed with now.

        :param package: of the release.
        :returns: None where none was noted.
        :raises MachineImageRefused: when it has none for them.
        """
        chosen = self.package(package)
        keys = RepositoryKeys(artifact_store())
        return keys.current(chosen.repository_url, chosen.distribution)

    def _settings(self) -> dict[str, Any]:
        """Say how builders are reached and made, from ``[slipway]`` in Airflow's configuration."""
        architecture = self.machine.architecture
        usual = _BUILDERS[architecture]
        if architecture is Architecture.ARM64:
            builder = conf.get("slipway", "bake_instance_type_arm64", fallback=usual)
        else:
            builder = conf.get("slipway", "bake_instance_type", fallback=usual)
        return {
            "instance_type": builder,
            "ssh_username": self.machine.distribution.ssh_user,
            "ssh_interface": conf.get("slipway", "bake_ssh_interface", fallback="private_ip"),
            "encrypt_boot": conf.getboolean("slipway", "bake_encrypt", fallback=True),
        }


def _short(release: Release) -> str:
    """Leave room for what else is in an image's name, which takes 128 characters."""
    plain = replace(release, version=version_of(release.version))
    return f"{plain.project}-{plain.slug}"[:90]


def _machine_variables(machine: Machine) -> dict[str, Any]:
    """Give the playbook what a project says of its machines; a plain one's has no use for it."""
    if machine.is_plain:
        return {}
    own = {f"machine_{name}": value for name, value in machine.variables.items() if name in TUNING}
    roles = {name: value for name, value in machine.variables.items() if name not in TUNING}
    return {
        **roles,
        **own,
        "machine_roles": list(machine.roles),
        "machine_packages": sorted(machine.packages),
    }
