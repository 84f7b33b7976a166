"""A working copy's package from a shell: built and looked at as CI will, so that nobody has to push
to find out.

What the pipeline builds (``package.built``) is taken from where it lies in the working copy, or the
pipeline is run to build it.
"""

from __future__ import annotations

import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, TextIO

import docker

from include.cli.choices import Choices, Ships
from include.cli.local.pointers import named, tell_of_pointers
from include.cli.local.working_copy import (
    checkout_of,
    local_pointers,
    packed,
    packed_path,
    uncommitted,
    version_of_copy,
)
from include.cli.migrations import rehearse_migrations
from include.cli.pipelines import build_what_ships, told
from include.project.lookup import find_project
from include.project.machines.of_project import architectures
from slipway.exceptions import BuiltFilesMissing, PackageRefused, ProjectFileError, SlipwayError
from slipway.hooks.docker.engine import ContainerEngine
from slipway.hooks.packages.deb_checks import Wanted
from slipway.hooks.packages.each_architecture import build_each
from slipway.hooks.packages.nfpm import BuiltDeb
from slipway.hooks.packages.ready_debs import ready_debs
from slipway.hooks.tars import append
from slipway.hooks.tools.toolbox import Toolbox
from slipway.model.git.large_files import LargeFiles
from slipway.pipeline.built.take import Taking

if TYPE_CHECKING:
    from include.project.model import Project

# As `fab exec`: nothing of a run on somebody's own machine may be taken for CI's.
_INSTALLATION = "exec"
# What a shell answers for a program that Ctrl-C ended.
_STOPPED = 130
# Files that a message names.
_NAMED = 5
_Say = Callable[[str], None]


def choose_project(projects: Mapping[str, Project], folder: Path, name: str = "") -> Project:
    """Find the project that a working copy belongs to.

    :param projects: by name.
    :param folder: the working copy.
    :param name: the project's, where somebody gave it; else the one of the same repository, or of
        the folder's name, is taken.
    :raises PackageRefused: when there is none, or more than one.
    """
    if not folder.is_dir():
        msg = f"there is no folder {folder}"
        raise PackageRefused(msg)
    known = ", ".join(projects) or "none"
    if name:
        try:
            return find_project(projects, name)
        except ProjectFileError as error:
            advice = f"{error.advice}; a new one is a file of its own"
            raise PackageRefused(error.message, advice=advice) from error
    url = checkout_of(folder).repository
    same = [one for one in projects.values() if one.repository.url == url]
    same = same or [one for one in projects.values() if one.name == folder.resolve().name]
    if len(same) != 1:
        msg = f"which project {folder} belongs to is not clear"
        raise PackageRefused(msg, advice=f"say it with --project; there is {known}")
    return same[0]


def package_working_copy(
    folder: Path, project: Project, *, out: TextIO, run: Choices | None = None
) -> int:
    """Build a working copy's package, compare it with the project file, rehearse its migrations.

    :param folder: the working copy.
    :param project: that it belongs to.
    :param out: where it is written.
    :param run: the pipeline builds what ships besides the sources, with these choices; without
        them it is taken from where it lies.
    :returns: 1 when anything is wrong; all of it has been said then.
    """
    say = told(out)
    try:
        # With the logins of the person whose machine this is.
        engine = ContainerEngine(
            docker.from_env().api, installation=_INSTALLATION, client_logins=True
        )
        copy = WorkingCopy(folder=folder, project=project, engine=engine, say=say, run=run)
        problems = [*_problem(copy.build), *_problem(copy.rehearse)]
    except docker.errors.DockerException as error:
        say(f"no Docker engine answers ({error}); start it, or set DOCKER_HOST")
        return 1
    except KeyboardInterrupt:
        say("stopped; what was made on the way is removed")
        return _STOPPED
    for problem in problems:
        say(f"\n{problem}")
    return 1 if problems else 0


def _problem(part: Callable[[], None]) -> list[SlipwayError]:
    try:
        part()
    except SlipwayError as error:
        return [error]
    return []


@dataclass(frozen=True, kw_only=True)
class WorkingCopy:
    """A folder on this machine, and the project that it belongs to.

    :param folder: where it is.
    :param project: from its project file.
    :param engine: where the containers run.
    :param say: receives every line.
    :param run: how the pipeline is run that builds what ships; None where it is not.
    """

    folder: Path
    project: Project
    engine: ContainerEngine
    say: _Say
    run: Choices | None = None

    def build(self) -> None:
        """Build the package, and compare it with what it must be.

        :raises SlipwayError: when something is wrong with it.
        """
        package, version = self.project.package, version_of_copy(self.folder)
        self.say(f"::group::{package.name} {version}, from {package.nfpm}")
        self._note_what_ci_will_not_see()
        self._look_for_pointers()
        name = f"slipway-package-{uuid.uuid4().hex[:8]}"
        toolbox = Toolbox(
            engine=self.engine, name=name, labels={"slipway.run": name}, network="none"
        )
        wanted = Wanted(package=package.name, version=version, unit=package.unit)
        debs: tuple[BuiltDeb, ...]
        with tempfile.TemporaryFile() as file, tempfile.TemporaryFile() as into:
            if package.debs is not None:
                self._take_built(file)
                found = ready_debs(
                    toolbox,
                    file,
                    pattern=package.debs,
                    wanted=wanted,
                    into=into,
                    log=self.say,
                    suites=package.suites,
                )
                kinds = (found, *found.others)
                every = [deb for kind in kinds for deb in (*kind.beside, kind.main)]
                # One that is for machines of any kind is there once for each of them.
                debs = tuple({one.file_name: one for one in every}.values())
            else:
                debs = tuple(self._packed(toolbox, file, wanted))
        for one in debs:
            self.say(f"{one.file_name}: {one.size} bytes, sha256 {one.sha256}")
        self.say("built to be looked at, and not kept: CI builds what is delivered")

    def _packed(self, toolbox: Toolbox, sources: IO[bytes], wanted: Wanted) -> Iterator[BuiltDeb]:
        """Have nfpm build the package, of the sources and of what is built, as CI does."""
        sources.write(packed(self.folder, as_archived=True))
        if self.project.package.built:
            with tempfile.TemporaryFile() as file:
                self._take_built(file)
                append(sources, file)
        return build_each(
            toolbox,
            sources,
            architectures=[one.value for one in architectures(self.project)],
            nfpm_file=self.project.package.nfpm,
            wanted=wanted,
            built_at=checkout_of(self.folder).committed_at or int(time.time()),
            open_file=tempfile.TemporaryFile,
            log=self.say,
        )

    def rehearse(self) -> None:
        """Run the migrations up, down and up again on a fresh Postgres, if there are any.

        :raises SlipwayError: when something is wrong with them.
        """
        if self.project.migrations is not None:
            rehearse_migrations(
                self.folder,
                self.project.migrations,
                branch=self.project.repository.branch,
                engine=self.engine,
                say=self.say,
            )

    def _note_what_ci_will_not_see(self) -> None:
        changed = uncommitted(self.folder)
        if changed:
            more = f" and {len(changed) - _NAMED} more" if len(changed) > _NAMED else ""
            self.say(f"not committed, so CI would not see it: {', '.join(changed[:_NAMED])}{more}")

    def _look_for_pointers(self) -> None:
        """Package no pointer in place of what it stands for, which CI would fetch.

        :raises PackageRefused: naming the pointers.
        """
        pointers = local_pointers(self.folder)
        wanted = self.project.repository.lfs
        if wanted is LargeFiles.POINTERS:
            for line in tell_of_pointers(pointers, wanted):
                self.say(line)
        elif pointers:
            msg = f"these files are only pointers of Git LFS here: {named(pointers)}"
            advice = (
                "bring them with `git lfs pull` (of git-lfs), as CI does by itself; "
                "`repository: {lfs: pointers}` in the project file ships the pointers"
            )
            raise PackageRefused(msg, advice=advice)

    @property
    def _taken(self) -> tuple[str, ...]:
        return self.project.package.taken(architectures(self.project))

    def _take_built(self, file: IO[bytes]) -> None:
        """Take what is built, as CI does.

        :raises PackageRefused: naming what is not there.
        :raises BuiltFilesRefused: naming what would not be taken.
        :raises SlipwayError: when the pipeline that builds it fails.
        """
        package = self.project.package
        if self.run is not None:
            ships = Ships(paths=self._taken, pipeline=package.built_by, file=file)
            taking = build_what_ships(self.folder, self.run, ships, self.say)
        else:
            taking = self._take_from_folder(file)
        summary = taking.outcome()
        self.say(f"{', '.join(self._taken)}: {summary.files} files, {summary.size} bytes")

    def _take_from_folder(self, file: IO[bytes]) -> Taking:
        taking = Taking(
            pipeline="the pipeline",
            paths=self._taken,
            file=file,
            built_at=checkout_of(self.folder).committed_at,
        )
        try:
            taking.take(partial(packed_path, self.folder))
        except BuiltFilesMissing as error:
            missing = error.message.partition("\n")[2]
            msg = f"what ships besides the sources is not in {self.folder}:\n{missing}"
            advice = (
                f"build it there, as {self.project.test.pipeline} does, or let `fab package --run` "
                "have the pipeline build it, or correct the paths under `package` in the project "
                "file"
            )
            raise PackageRefused(msg, advice=advice) from error
        return taking
