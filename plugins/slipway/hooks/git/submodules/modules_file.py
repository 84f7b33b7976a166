"""The file ``.gitmodules``, read by git itself, and the URLs in it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass

from slipway.exceptions import RepositoryRefused, RepositoryTooLarge
from slipway.hooks.git.command import GitCommandFailed, GitOutputTooLarge, git
from slipway.model.git.url import parse_url, with_plain_scheme
from slipway.model.text.inert import visible

# Submodules that a .gitmodules names, of which some may be gone.
MOST_NAMED = 1000
# Bytes of a .gitmodules, and of what it comes to.
MOST_GITMODULES, _MOST_SETTINGS = 1 << 20, 4 << 20
_SECTION = "submodule."


@dataclass(frozen=True, kw_only=True, slots=True)
class Submodule:
    """What ``.gitmodules`` says of one submodule.

    :param name: which need not be its path.
    :param url: as it is written there; it may be relative.
    """

    name: str
    url: str


def read_gitmodules(content: bytes) -> dict[str, Submodule]:
    """Map each submodule's path to what the file says of it.

    :param content: of the file; names and paths that are not UTF-8 are as :func:`os.fsdecode`
        gives them.
    :raises RepositoryRefused: when the file cannot be read.
    :raises RepositoryTooLarge: when it is over a limit, which is named.
    """
    if len(content) > MOST_GITMODULES:
        msg = f".gitmodules is larger than {MOST_GITMODULES >> 10} KiB"
        raise RepositoryTooLarge(msg, advice="name only the submodules that there are")
    sections: dict[str, dict[str, str]] = {}
    for name, key, value in _settings(content):
        sections.setdefault(name, {})[key] = value
        if len(sections) > MOST_NAMED:
            msg = f".gitmodules names more than the {MOST_NAMED} submodules that it may"
            raise RepositoryTooLarge(msg, advice="name only the submodules that there are")
    return {
        section["path"]: Submodule(name=name, url=section["url"])
        for name, section in sections.items()
        if "path" in section and "url" in section
    }


def _settings(content: bytes) -> Iterator[tuple[str, str, str]]:
    """Read paths and URLs as git does: name of the submodule, key, value.

    :raises RepositoryRefused: when git cannot read it.
    :raises RepositoryTooLarge: when its names come to too much.
    """
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        listing = ("config", "--file", file.name, "--no-includes", "--null", "--list")
        try:
            listed = git(*listing, most=_MOST_SETTINGS)
        except GitOutputTooLarge as error:
            msg = f"the settings of .gitmodules come to more than {_MOST_SETTINGS >> 20} MiB"
            raise RepositoryTooLarge(msg, advice="give its sections shorter names") from error
        except GitCommandFailed as error:
            said = visible(error.stderr.replace(file.name, ".gitmodules"))
            msg = ".gitmodules cannot be read"
            raise RepositoryRefused(msg, advice=f"git says: {said}") from error
    for setting in os.fsdecode(listed).split("\0"):
        # A section's whole name stands before each of its keys; what has no value has no line end.
        name, separator, value = setting.partition("\n")
        section, _, key = name.rpartition(".")
        if separator and section.startswith(_SECTION) and key in ("path", "url"):
            yield section.removeprefix(_SECTION), key, value


def absolute_url(url: str, parent_url: str) -> str:
    """Resolve a submodule's URL against that of its parent, as git-submodule(1) does.

    ``../`` takes a part off the parent's URL, at a slash, or at the colon of ``host:path``.

    :param url: any; only one that begins with ``./`` or ``../`` is relative.
    :param parent_url: of the repository whose ``.gitmodules`` it is in.
    :raises RepositoryRefused: when it leads out of the parent's server.
    """
    if not url.startswith(("./", "../")):
        return with_plain_scheme(url)
    base, rest, joint = parent_url.removesuffix("/"), url, "/"
    while rest.startswith(("./", "../")):
        step, _, rest = rest.partition("/")
        if step == "..":
            base, joint = _without_last(base, joint)
    found = f"{base}{joint}{rest}".removesuffix("/")
    if not _same_server(found, parent_url):
        msg = f"the URL {visible(url)!r} leads out of the server of {parent_url}"
        raise RepositoryRefused(msg, advice="write the submodule's whole URL")
    return found


def _without_last(base: str, joint: str) -> tuple[str, str]:
    """Take the last part off a URL, and say what a further one is put on with."""
    shorter, slash, _ = base.rpartition("/")
    if slash:
        return shorter, joint
    shorter, colon, _ = base.rpartition(":")
    return shorter, ":" if colon else joint


def _same_server(url: str, parent_url: str) -> bool:
    try:
        theirs = parse_url(parent_url)
    except ValueError:
        return True  # of a kind that is not followed: whoever opens it says so
    try:
        mine = parse_url(url)
    except ValueError:
        return False
    return (mine.scheme, mine.user, mine.host, mine.port) == (
        theirs.scheme,
        theirs.user,
        theirs.host,
        theirs.port,
    )
