"""A project's own Ansible roles, in ``ansible/projects/<project>`` or in ``ansible/roles``.

They are looked for when an image is looked for, since they are part of what it is made of: the
files of the roles that a project names, and of those that these include or depend on.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from slipway.exceptions import ProjectFileError
from slipway.hooks.tools.recipes import recipe
from slipway.model.cloud.machine import Machine
from slipway.model.text.nearest import suggestion

ROLES, PROJECTS = "ansible/roles", "ansible/projects"
COLLECTIONS = "ansible/requirements.yml"
# What the layers themselves are made of.
RESERVED = frozenset({"app", "base", "machine", "tuning"})
# What the role `machine` does without a role of the project's.
TUNING = ("journald", "limits", "ntp_servers", "swap", "sysctl", "timezone")
# What Python, editors and desktops leave about is part of no role.
_LITTER = re.compile(r"(^|/)(__pycache__|\.git|\.DS_Store|\.[^/]*\.sw[a-p])(/|$)|(~|\.pyc)$")
_NAMED = re.compile(r"\b(?:role|name):\s*[\"']?([\w.-]+)")
_WORD = re.compile(r"[A-Za-z_]\w*")


def machine_recipe(root: Path, project: str, machine: Machine) -> dict[str, bytes]:
    """Read the files of the app layer of a project that says what its machines are.

    :param root: the folder that holds ``packer`` and ``ansible``.
    :param project: the project's name.
    :param machine: what the project says.
    :returns: path below the root -> content, sorted by path; a project's own role as if it were
        among those that all share.
    :raises ProjectFileError: when there is no such role, or nothing knows a variable; with the
        nearest.
    :raises EnvironmentMisconfigured: when a file of the layer itself is missing.
    """
    files = recipe(root, "machine")
    found = _role_files(root, project, machine.roles)
    _check_variables(project, machine, found)
    if machine.roles and (pinned := root / COLLECTIONS).is_file():
        files[COLLECTIONS] = pinned.read_bytes()
    return dict(sorted({**files, **found}.items()))


def origin(root: Path, project: str, name: str) -> str:
    """Return where a file of :func:`machine_recipe` is in the tree."""
    role, _, rest = name.removeprefix(f"{ROLES}/").partition("/")
    own = f"{PROJECTS}/{project}/{role}"
    is_own = name.startswith(f"{ROLES}/") and role not in RESERVED and (root / own).is_dir()
    return f"{own}/{rest}" if is_own else name


def _role_files(root: Path, project: str, wanted: Iterable[str]) -> dict[str, bytes]:
    """Read roles, and those that they name."""
    folders = _folders(root, project)
    files: dict[str, bytes] = {}
    todo = [name for name in wanted if not _is_of_a_collection(name)]
    for name in todo:
        if name not in folders:
            raise _no_role(name, project, folders)
    done: set[str] = set()
    while todo:
        name = todo.pop()
        if name in done:
            continue
        done.add(name)
        own = dict(_read(folders[name], f"{ROLES}/{name}"))
        files |= own
        todo += [one for one in _named_in(own) if one in folders]
    return files


def _folders(root: Path, project: str) -> dict[str, Path]:
    """Find every role that a project may use; its own comes before one that all share."""
    found: dict[str, Path] = {}
    for parent in (root / ROLES, root / PROJECTS / project):
        if parent.is_dir():
            found |= {one.name: one for one in sorted(parent.iterdir()) if one.is_dir()}
    return {name: path for name, path in found.items() if name not in RESERVED}


def _is_of_a_collection(name: str) -> bool:
    """``namespace.collection.role`` is in the toolbox, as requirements.yml says."""
    return name.count(".") >= 2


def _read(folder: Path, below: str) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and not _LITTER.search(name):
            yield f"{below}/{name}", path.read_bytes()


def _named_in(files: Mapping[str, bytes]) -> set[str]:
    """Say what a role's own YAML names: too much does no harm, as it must be a role as well."""
    texts = (
        content.decode(errors="replace")
        for name, content in files.items()
        if name.endswith((".yml", ".yaml"))
    )
    return {name for text in texts for name in _NAMED.findall(text)} | {
        name for text in texts for name in re.findall(r"^\s*-\s*([\w.-]+)\s*$", text, re.MULTILINE)
    }


def _check_variables(project: str, machine: Machine, files: Mapping[str, bytes]) -> None:
    """Refuse a variable that no role mentions, which Ansible would pass over in silence."""
    # What a collection's role knows, the toolbox alone can tell.
    if any(_is_of_a_collection(name) for name in machine.roles):
        return
    words: set[str] = set()
    for content in files.values():
        words.update(_WORD.findall(content.decode(errors="replace")))
    for name in machine.variables:
        if name not in TUNING and name not in words:
            raise _no_variable(name, project, [*TUNING, *_defaults(files)])


def _defaults(files: Mapping[str, bytes]) -> list[str]:
    """List the variables that roles have defaults for."""
    return [
        name
        for path, content in files.items()
        if "/defaults/" in path
        for name in re.findall(r"^([A-Za-z_]\w*):", content.decode(errors="replace"), re.MULTILINE)
    ]


def _no_role(name: str, project: str, folders: Collection[str]) -> ProjectFileError:
    where = f"{PROJECTS}/{project} or {ROLES}"
    if name in RESERVED:
        msg = f"{project}: machine.roles: {name!r} is one of the roles that every machine has"
        return ProjectFileError(msg, advice="give the project's role another name")
    hint = suggestion(name, sorted(folders))
    msg = f"{project}: machine.roles: there is no role {name!r} in {where}{hint}"
    return ProjectFileError(msg, advice=f"it is a folder with tasks/main.yml below {where}")


def _no_variable(name: str, project: str, known: list[str]) -> ProjectFileError:
    msg = f"{project}: machine.variables: no role knows {name!r}{suggestion(name, sorted(known))}"
    advice = f"without a role there are {', '.join(TUNING)}; a role knows what its files mention"
    return ProjectFileError(msg, advice=advice)
