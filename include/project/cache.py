"""Folders that a pipeline's runs hand on to the next, as people write them in a project file."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from include.project.field_types import RepositoryPath
from slipway.model.cache import CachedPath

_LONGEST = 500


def _folder(path: str) -> str:
    """Take a folder of the workspace, or an absolute path, in its plainest form."""
    plain = posixpath.normpath(path) if path else ""
    parts = plain.split("/")
    if not path.isprintable() or len(path) > _LONGEST or plain in ("", ".", "/", "//"):
        msg = f"{path!r} is no folder; write one like node_modules, or /root/.m2"
        raise ValueError(msg)
    if ".." in parts:
        msg = f"{path!r} leads out of the workspace"
        raise ValueError(msg)
    if parts[0] == ".git":
        msg = f"{path!r} is git's own, and comes with each commit"
        raise ValueError(msg)
    if path[0] in "~$":
        msg = f"{path!r}: nothing is put in for ~ or variables; write it out, like /root/.m2"
        raise ValueError(msg)
    return plain


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


CacheFolder = Annotated[str, AfterValidator(_folder)]
KeyFiles = Annotated[
    tuple[RepositoryPath, ...],
    BeforeValidator(_listed, json_schema_input_type=str | tuple[str, ...]),
    Field(min_length=1),
]


class Cache(BaseModel, frozen=True, extra="forbid", use_attribute_docstrings=True):
    """A folder that the pipeline's next runs begin with (docs/caches.md)."""

    path: CacheFolder
    """A folder of the workspace that the steps make, such as `node_modules`; or an absolute path,
    such as `/root/.m2`, at which steps mount a `temp` volume."""
    key: KeyFiles
    """A file of the repository, or several: while none of them changes, what is kept serves. A lock
    file, such as `package-lock.json`."""

    def to_path(self) -> CachedPath:
        """Return it as the machinery takes it."""
        return CachedPath(path=self.path, key=self.key)


def _apart(caches: tuple[Cache, ...]) -> tuple[Cache, ...]:
    """Refuse folders that are named twice, or lie in one another."""
    for path, count in Counter(one.path for one in caches).items():
        if count > 1:
            msg = f"{path} is named {count} times; give one entry all its key files"
            raise ValueError(msg)
    for one in caches:
        if outer := _around(one.path, [other.path for other in caches]):
            msg = f"{one.path} lies in {outer}, which is kept as well"
            raise ValueError(msg)
    return caches


def _around(path: str, others: Sequence[str]) -> str:
    return next((other for other in others if path.startswith(f"{other}/")), "")


Caches = Annotated[tuple[Cache, ...], AfterValidator(_apart)]
