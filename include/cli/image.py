"""``fab image PROJECT``: what a project's images are made of, and why one would be baked anew."""

from __future__ import annotations

import argparse
import sys
from typing import TextIO

from include.cli.beside_airflow import beside_airflow
from include.delivery.layers import image_layers
from include.project.loader import load_projects
from include.project.lookup import find_place
from include.project.machines.of_project import machine_of
from include.project.model import Project
from slipway.exceptions import SlipwayError
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.releases import ReleaseCatalogue
from slipway.model.cloud.machine import Machine
from slipway.model.text.inert import visible
from slipway.tasks.images.outlook import ImageLook, LayerLook, look

_WIDTH = 18


def tell(project: Project, environments: list[str], version: str, out: TextIO) -> None:
    """Tell of each environment.

    :param project: from its project file.
    :param environments: their names.
    :param version: of a release; the newest when empty.
    :param out: where it is written.
    :raises SlipwayError: when there is no release, or what an image is made of is not there.
    """
    catalogue = ReleaseCatalogue(artifact_store())
    release = catalogue.find(project.name, version) if version else catalogue.newest(project.name)
    for name in environments:
        environment = project.environments[name]
        layers = image_layers(project, name)
        found = look(layers, environment.aws.connection, release.package)
        out.writelines(f"{line}\n" for line in _lines(project, name, found))


def _lines(project: Project, name: str, found: ImageLook) -> list[str]:
    machine, package = machine_of(project, name), found.package
    said = {
        "machine": machine.platform,
        "source image": found.base.plan.inputs["source image"],
        "base layer": _state(found.base),
        "packages": ", ".join(machine.packages),
        "variables": ", ".join(sorted(machine.variables)),
        "roles": ", ".join(_with_files(machine, found)),
        "package": f"{package.name} {package.version}, sha256 {package.digest[:12]}",
        "settings": ", ".join(sorted(project.package.config)),
        "image": _state(found.app),
    }
    lines = [f"{project.name} {name}"]
    lines += [f"  {word:{_WIDTH}}{visible(text)}" for word, text in said.items() if text]
    for title, layer in (("base layer", found.base), ("image", found.app)):
        if reasons := layer.reasons():
            lines.append(f"  the {title} would be baked:")
            lines += [f"    {visible(reason)}" for reason in reasons]
    return lines


def _state(layer: LayerLook) -> str:
    if layer.found is None:
        return "would be baked"
    return f"{layer.found.image_id} ({layer.found.name}), which is there"


def _with_files(machine: Machine, found: ImageLook) -> list[str]:
    """Say of each role of how many files it is."""
    files = found.app.plan.files
    return [
        f"{role} ({sum(path.startswith(f'ansible/roles/{role}/') for path in files)} files)"
        if role.count(".") <= 1
        else f"{role} (of a collection)"
        for role in machine.roles
    ]


def _project(name: str, environment: str) -> tuple[Project, list[str]]:
    shelf = load_projects()
    project, _ = find_place(shelf.projects, name, environment, shelf.errors.values())
    return project, [environment] if environment else list(project.environments)


def main(arguments: list[str] | None = None) -> int:
    """Tell; returns 2 where something is wrong with what was asked, or with what is there."""
    parser = argparse.ArgumentParser(prog="python -m include.cli.image")
    parser.add_argument("project")
    parser.add_argument("--environment", default="", help="one alone")
    parser.add_argument("--version", default="", help="of a release; the newest by default")
    given = parser.parse_args(arguments)
    try:
        project, environments = _project(given.project, given.environment)
        tell(project, environments, given.version, sys.stdout)
    except SlipwayError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(beside_airflow(main))
