"""``fab new PROJECT --repository=...``: what is done, in its order.

Nothing that is there is written over, and nothing is committed or pushed.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from pydantic import TypeAdapter, ValidationError

from include.cli.local.git import local_git
from include.cli.new.errors import CopyRefused, ProjectTaken
from include.cli.new.files import Wanted, project_file, repository_files
from include.cli.new.findings import Findings, look
from include.cli.new.starters import starter_of
from include.project.field_types import DebianName, Name, in_words
from include.project.loader import PROJECTS, SHARED, load_project, load_projects
from slipway.exceptions import SlipwayError
from slipway.model.git.url import parse_url, redacted
from slipway.model.text.inert import visible

# Seconds, for a whole clone.
_CLONING = 600
# Ways of git's own that start programs, or read other people's files, are none.
_PROTOCOLS = "https:http:ssh:git:file"


@dataclass(frozen=True, kw_only=True)
class Begun:
    """What was made.

    :param file: the project file.
    :param folder: the working copy.
    :param found: what the working copy showed.
    :param written: in the working copy, by path.
    :param kept: what it had already.
    :param remarks: what a person has to look at.
    """

    file: Path
    folder: Path
    found: Findings
    written: tuple[str, ...]
    kept: tuple[str, ...]
    remarks: tuple[str, ...]


def begin(
    name: str,
    repository: str,
    *,
    folder: Path | None = None,
    projects: Path = PROJECTS,
    branch: str = "",
    options: Mapping[str, str | int] | None = None,
) -> Begun:
    """Write a project's file, and what its repository still needs.

    :param name: the project's.
    :param repository: its URL, or a working copy of it.
    :param folder: where its working copy is, or is made; beside this folder if None.
    :param projects: the folder of project files.
    :param branch: that is delivered; what the repository itself begins with when empty.
    :param options: further fields of :class:`Wanted`.
    :raises ProjectTaken: when there is such a project.
    :raises CopyRefused: when the repository cannot be had.
    """
    file = projects / f"{name}.yaml"
    _check_name(name, file, projects)
    copy, url = _working_copy(name, repository, folder)
    wanted = Wanted(name=name, url=url, branch=branch or _branch(copy), **dict(options or {}))  # type: ignore[arg-type]
    found = look(copy, name)
    starter = starter_of(found, name)
    # The project file first: where it is refused, the working copy stays as it is.
    _write(file, project_file(wanted, found, starter))
    try:
        load_project(file)
    except SlipwayError:
        file.unlink()
        raise
    files = repository_files(wanted, found, starter)
    written = tuple(path for path, text in files.items() if _write_missing(copy, path, text))
    kept = tuple(one for one in (found.pipeline, found.nfpm, found.unit) if one)
    kept += tuple(path for path in files if path not in written)
    return Begun(
        file=file,
        folder=copy,
        found=found,
        written=written,
        kept=kept,
        remarks=starter.remarks,
    )


def told(begun: Begun, name: str) -> Iterator[str]:
    """Yield what was made, and what is left for a person to do."""
    found = begun.found
    yield f"{name} is written in {found.language}; wrote {begun.file}"
    yield f"in {begun.folder}:"
    yield from (f"  wrote {path}" for path in begun.written)
    yield from (f"  left alone {visible(path)}" for path in begun.kept)
    if begun.remarks:
        yield "look at:"
        yield from (f"  {one}" for one in begun.remarks)
    folder = str(begun.folder)
    steps = [
        f"fab lint {folder}; fab exec {folder} --project {name}; fab package {folder} --run",
        f"in {begun.file}: target group, subnets, security groups, health; "
        "`repository: {connection: ...}` where the repository is private",
        f"git -C {folder} add --all, commit, push: the first run begins with that",
        f"fab check {name} says what is missing around it; docs/git-host.md has webhooks, statuses",
        "production is one more environment, with `deploy: manual` and `approval: true`",
    ]
    yield "then:"
    yield from (f"  {place}. {step}" for place, step in enumerate(steps, 1))


def main(out: TextIO, name: str, repository: str, **given: object) -> int:
    """Do it, and tell; returns 2 where something is in the way."""
    try:
        begun = begin(name, repository, **given)  # type: ignore[arg-type]
    except SlipwayError as error:
        out.write(f"{error}\n")
        return 2
    out.writelines(f"{line}\n" for line in told(begun, name))
    return 0


def _check_name(name: str, file: Path, projects: Path) -> None:
    for kind in (Name, DebianName):
        try:
            TypeAdapter(kind).validate_python(name)
        except ValidationError as error:
            pattern = str(error.errors()[0].get("ctx", {}).get("pattern", ""))
            msg = f"{name!r} cannot be a project's name, which is its package's as well"
            raise ProjectTaken(msg, advice=f"write {in_words(pattern)}") from error
    if name in SHARED:
        msg = f"{name!r} is the name of a DAG of all projects together"
        raise ProjectTaken(msg, advice="give the project another name")
    there = file if os.path.lexists(file) else None
    if there or name in load_projects(projects).projects:
        msg = f"there is a project {name} already" + (f": {there}" if there else "")
        raise ProjectTaken(msg, advice="give this one another name; nothing was changed")


def _working_copy(name: str, repository: str, folder: Path | None) -> tuple[Path, str]:
    """Return a working copy, and the URL that Slipway reads the repository by.

    :raises CopyRefused: when there is none.
    """
    if (local := Path(repository).expanduser()).is_dir() and folder is None:
        origin = local_git(local, "remote", "get-url", "origin")
        if not (local / ".git").exists() or not origin:
            msg = f"{repository} is no working copy of a repository that Slipway can reach"
            raise CopyRefused(msg, advice="push it somewhere, and give its URL")
        return local.resolve(), _url(origin)
    url = _url(repository)
    copy = folder or Path.cwd().parent / name
    if copy.exists() and (not copy.is_dir() or any(copy.iterdir())):
        if local_git(copy, "remote", "get-url", "origin") == repository:
            return copy.resolve(), url
        msg = f"{copy} is there already, and no working copy of {redacted(url)}"
        raise CopyRefused(msg, advice="say with --folder where to make one; nothing was changed")
    _clone(url, copy)
    return copy.resolve(), url


def _url(text: str) -> str:
    try:
        parse_url(text)
    except ValueError as error:
        msg = visible(str(error), 500)
        raise CopyRefused(msg) from error
    return text


def _clone(url: str, into: Path) -> None:
    """Clone, with the logins of the person whose machine this is.

    :raises CopyRefused: with git's own last words.
    """
    # A question about a password would wait for ever where nobody sits.
    environment = {**os.environ, "GIT_ALLOW_PROTOCOL": _PROTOCOLS, "GIT_TERMINAL_PROMPT": "0"}
    try:
        done = subprocess.run(  # noqa: S603 - constant words; the URL was read, and is no flag
            ["git", "clone", "--quiet", "--", url, str(into)],  # noqa: S607
            capture_output=True,
            check=False,
            env=environment,
            timeout=_CLONING,
        )
    except subprocess.TimeoutExpired as error:
        msg = f"{redacted(url)} was not cloned within {_CLONING} s"
        raise CopyRefused(msg, advice="clone it yourself, and give the folder") from error
    if done.returncode:
        said = redacted(done.stderr.decode(errors="replace").strip())
        msg = f"{redacted(url)} cannot be cloned: {visible(said, 500)}"
        raise CopyRefused(msg, advice="can you clone it with git? Give its folder otherwise")


def _branch(folder: Path) -> str:
    head = local_git(folder, "symbolic-ref", "--short", "refs/remotes/origin/HEAD")
    return head.removeprefix("origin/") or local_git(folder, "branch", "--show-current") or "main"


def _write_missing(folder: Path, path: str, text: str) -> bool:
    """Write a file of the working copy, unless something is there; nothing outside of it."""
    file = folder / path
    if os.path.lexists(file) or not file.parent.resolve().is_relative_to(folder):
        return False
    _write(file, text)
    return True


def _write(file: Path, text: str) -> None:
    """Write a new file.

    :raises ProjectTaken: when somebody has made one in the meantime.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with file.open("x") as out:
            out.write(text)
    except FileExistsError as error:
        msg = f"{file} is there already"
        raise ProjectTaken(msg, advice="nothing is written over") from error
