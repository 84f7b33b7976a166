"""What a commit's pipeline may begin with of what earlier runs left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.caches import Caches, key_of
from slipway.policies.cache_scope import scopes_of

if TYPE_CHECKING:
    from slipway.hooks.git.mirror import GitMirror
    from slipway.model.cache import CachedPath
    from slipway.model.facts import Checkout


def pipeline_caches(
    mirror: GitMirror,
    checkout: Checkout,
    wanted: Sequence[CachedPath],
    say: Callable[[str], None],
) -> Caches | None:
    """Open the caches of a commit's run.

    A folder that holds files of the commit's is left alone: a cache would bring back what the
    commit has removed.

    :param mirror: that has the commit's files.
    :param checkout: the commit.
    :param wanted: as the project file has them.
    :param say: takes a line for the log.
    :returns: None where none is wanted.
    """
    if not wanted:
        return None
    keys: dict[str, str] = {}
    for one in wanted:
        key, trouble = _key(mirror, checkout.files, one)
        if trouble:
            say(f"cache {one.path}: {trouble}; nothing is restored or kept")
        else:
            keys[one.path] = key
    return Caches(
        artifact_store(),
        project=checkout.release.project,
        scopes=scopes_of(checkout),
        keys=keys,
        commit=checkout.release.sha,
        say=say,
    )


def _key(mirror: GitMirror, sha: str, one: CachedPath) -> tuple[str, str]:
    """Return the state of a cache's key files, and what is wrong with it."""
    if not one.path.startswith("/") and (found := mirror.in_the_way(sha, one.path)):
        return "", f"{found} belongs to the commit, so name a folder that the steps make"
    files: dict[str, bytes] = {}
    for path in one.key:
        content = mirror.read(sha, path)
        if content is None:
            return "", f"the commit has no file {path}"
        files[path] = content
    return key_of(files), ""
