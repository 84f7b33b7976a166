"""What projects share: names that two cannot both have, and commits that they both tell of.

A package is installed by its name, whoever published it. Names in the cloud are project and
environment joined, ``shop-dev-x``, so ``shop``'s ``dev-x`` and ``shop-dev``'s ``x`` would be one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from include.project.model import Project
from slipway.exceptions import ProjectFileError


@dataclass
class Names:
    """Who has which name already."""

    _projects: dict[str, str] = field(default_factory=dict)
    _packages: dict[str, str] = field(default_factory=dict)
    _places: dict[str, str] = field(default_factory=dict)
    _families: dict[str, str] = field(default_factory=dict)

    def take(self, file: str, project: Project) -> None:
        """Give a project its names, all of them or none.

        :param file: the project's.
        :param project: from its file.
        :raises ProjectFileError: when one is taken, naming by which file and for what.
        """
        own, package = project.name, project.package.name
        places = {joined(own, name): f"environments.{name}" for name in project.environments}
        _free(own, self._projects, f"{file}: the name {own!r} is taken by {{}}", "project")
        _free(
            package,
            self._packages,
            f"{file}: package.name: {package!r} is also the package of {{}}",
            "package",
        )
        self._keep_families_apart(file, project)
        for name, place in places.items():
            said = f"{file}: {place} of {own} would be called {name} in the cloud, as {{}} is"
            _free(name, self._places, said, "environment")
        self._projects[own] = self._packages[package] = file
        if project.package.debs is not None:
            self._families[f"{package}-"] = file
        self._places |= {name: f"{place} of {own} in {file}" for name, place in places.items()}

    def _keep_families_apart(self, file: str, project: Project) -> None:
        """Refuse a name that another project's pipeline may publish a package of.

        With ``debs`` a pipeline builds packages whose names begin with the project's.
        """
        package = project.package.name
        others = [other for start, other in self._families.items() if package.startswith(start)]
        if project.package.debs is not None:
            names = self._packages.items()
            others += [other for name, other in names if name.startswith(f"{package}-")]
        if others:
            msg = (
                f"{file}: package.name: {package!r} and the package of {others[0]} begin alike, "
                "and with `debs` one could publish the other"
            )
            raise ProjectFileError(msg, advice="give them names of which neither begins the other")


def joined(project: str, environment: str) -> str:
    """Return how an environment's things in the cloud are called; ``_`` counts as ``-``."""
    return f"{project}-{environment}".replace("_", "-")


def beginning_with(start: str, projects: Iterable[Project]) -> tuple[str, ...]:
    """List the joined names of all environments that begin like this."""
    names = (joined(one.name, name) for one in projects for name in one.environments)
    return tuple(sorted(name for name in names if name.startswith(start)))


def _free(name: str, taken: Mapping[str, str], said: str, kind: str) -> None:
    if name in taken:
        raise ProjectFileError(said.format(taken[name]), advice=f"give each {kind} its own name")


def sharing_commits(projects: Iterable[Project]) -> frozenset[str]:
    """Name the projects that show statuses on the same commits as another.

    :param projects: all of them.
    """
    at: dict[tuple[str, str], list[str]] = {}
    for project in projects:
        if project.repository.statuses:
            place = project.repository.forge_place()
            # No host has two repositories whose names differ in capitals alone.
            at.setdefault((place.server, place.path.lower()), []).append(project.name)
    return frozenset(name for names in at.values() if len(names) > 1 for name in names)
