"""What a person, or a project file, says of a build from a shell."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import IO, TYPE_CHECKING

from slipway.model.git.large_files import LargeFiles
from slipway.pipeline.lint.image_rules import ImageRules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.project.model import Project

DEFAULT_FILE = ".drone.yml"


@dataclass(frozen=True, kw_only=True, slots=True)
class Choices:
    """What a person says about the build.

    :param file: the pipeline file, from the folder's top.
    :param event: ``push`` and so on.
    :param branch: in place of the one that is checked out.
    :param ref: in place of the one that event and branch give.
    :param target: the environment of a promotion.
    :param cron: the name of a schedule.
    :param trusted: the project may use what reaches out of its containers.
    :param strict: what Drone passes over in silence is a mistake.
    :param pipeline: run only the one of this name.
    :param images: image names and what is used in their place.
    :param secrets: name -> value.
    :param node: labels of the worker that is stood in for.
    :param reports: paths of JUnit reports, from the folder's top.
    :param image_rules: which images may be used.
    :param large_files: what becomes of files in Git LFS.
    :param timeout: seconds.
    """

    file: str = DEFAULT_FILE
    event: str = "push"
    branch: str = ""
    ref: str = ""
    target: str = ""
    cron: str = ""
    trusted: bool = False
    strict: bool = False
    pipeline: str = ""
    images: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    node: Mapping[str, str] = field(default_factory=dict)
    reports: tuple[str, ...] = ()
    image_rules: ImageRules = field(default_factory=ImageRules)
    large_files: LargeFiles = LargeFiles.FETCH
    timeout: float = 3600.0

    def of_project(self, project: Project) -> Choices:
        """Return what a project file says, with what a person says besides."""
        test = project.test
        return replace(
            self,
            file=test.pipeline,
            images=test.images,
            node=test.node,
            reports=test.reports,
            trusted=self.trusted or test.trusted,
            strict=test.strict,
            image_rules=ImageRules(
                registries=test.registries, allowed=test.allowed_images, images=test.images
            ),
            large_files=project.repository.lfs,
            timeout=test.timeout.total_seconds(),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Ships:
    """What is taken of a pipeline's workspace, for the package.

    :param paths: as the project file has them.
    :param pipeline: whose workspace it is; of the only one that there is when None.
    :param file: what it is written to; empty, open for reading and writing.
    """

    paths: tuple[str, ...]
    pipeline: str | None
    file: IO[bytes]
