"""A project that builds packages."""

from __future__ import annotations

from typing import Any

from include.project.model import Package, Project


def building(project: Project, **package: Any) -> Project:
    """The project, whose package holds what its pipeline builds."""
    written = {**project.package.model_dump(by_alias=True), "built": ["bin/shop"], **package}
    return project.model_copy(update={"package": Package.model_validate(written)})
