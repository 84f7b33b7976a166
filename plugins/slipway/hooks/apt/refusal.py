"""Why nothing was published, and what somebody can do about it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from slipway.exceptions import (
    EnvironmentMisconfigured,
    PackageRefused,
    SlipwayError,
    ToolFailed,
    VersionConflict,
)
from slipway.hooks.apt import script
from slipway.hooks.apt.connection import AptRepository
from slipway.hooks.apt.index import ARCHITECTURES
from slipway.hooks.apt.key_trouble import KeyListing, cannot_sign
from slipway.hooks.apt.signing import VALID

# Packages that a message names.
_NAMED = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """How a run of aptly ended.

    :param exit_code: 0 where it did what it should.
    :param said: its last lines.
    :param files: what it left, by name.
    :param repository: which it was to publish.
    """

    exit_code: int
    said: Sequence[str]
    files: Mapping[str, str]
    repository: AptRepository

    def file(self, name: str) -> str:
        """Return what stands in a file that it left; nothing where there is none."""
        return self.files.get(name, "").strip()

    def last_lines(self) -> str:
        """Return the end of what it said."""
        return "\n".join(f"    {line}" for line in self.said[-8:])


def refusal(ended: Ended, file_name: str, now: datetime) -> SlipwayError | None:
    """Say what is wrong; None where nothing is.

    :param ended: how the run ended.
    :param file_name: of the package that was to be published.
    :param now: by which a key has or has not expired.
    """
    if ended.exit_code == 0:
        return None
    if ended.exit_code == script.CANNOT_SIGN:
        listing = KeyListing(
            secret=ended.file(script.SECRET_KEYS),
            public=ended.file(script.ALL_KEYS),
            agent=ended.file(script.AGENT),
            said=ended.last_lines(),
        )
        return cannot_sign(listing, now)
    if ended.exit_code == script.LOCKED:
        msg = f"others publish since {script.QUEUE} s"
        return ToolFailed(msg, advice="nothing: the task tries again by itself")
    reasons = {
        script.CONFLICT: _conflict,
        script.NOT_SERVED: _not_served,
        script.OTHER_COMPONENT: _other_component,
        script.STRANGERS: _strangers,
        script.DIFFERENT: _different,
        script.LOST: _lost,
        script.UNSIGNED: _unsigned,
    }
    if ended.exit_code in reasons:
        return reasons[ended.exit_code](ended, file_name)
    msg = f"aptly failed with exit code {ended.exit_code}:\n{ended.last_lines()}"
    return ToolFailed(msg, advice="check the apt connection, its bucket and its key")


def moved(ended: Ended) -> str | None:
    """Warn, once, that the repository is in another bucket than before."""
    before = ended.file(script.MOVED)
    if not before:
        return None
    return (
        f"the repository is in the bucket {ended.repository.bucket} now, with all its packages. "
        f"Nobody signs {before} any more: what looks there, be it a machine or the bake of an "
        f"earlier release, fails in {VALID.days} days; let its address lead to the new bucket"
    )


def _conflict(_: Ended, file_name: str) -> SlipwayError:
    msg = f"{file_name} was published before with other content"
    return VersionConflict(msg, advice="a version is published once; push a new commit")


def _not_served(ended: Ended, file_name: str) -> SlipwayError:
    found = re.search(r"^Architectures: (.*)$", ended.file(script.PUBLICATION), re.MULTILINE)
    served = ", ".join(found[1].split() if found else ARCHITECTURES)
    built = ended.file(script.PACKAGE).rpartition("_")[2]
    msg = f"{file_name} is for {built}, and the repository is for {served}: no machine would see it"
    return PackageRefused(msg, advice=f"let `arch` in the packaging file be one of {served}, all")


def _other_component(ended: Ended, _: str) -> SlipwayError:
    repository, before = ended.repository, ended.file(script.COMPONENT)
    msg = (
        f"the distribution {repository.distribution!r} was published with the component "
        f"{before!r}, which machines and earlier releases name; the apt connection says "
        f"{repository.component!r}"
    )
    advice = (
        f"put {before!r} back into the connection's extra, or give `distribution` another name as "
        "well: the present one stays as it is, and goes on being signed"
    )
    return EnvironmentMisconfigured(msg, advice=advice)


def _strangers(ended: Ended, _: str) -> SlipwayError:
    foreign = ended.file(script.FOREIGN).splitlines()
    more = f" and {len(foreign) - _NAMED} more" if len(foreign) > _NAMED else ""
    msg = (
        f"the bucket {ended.repository.bucket} has packages that this engine's aptly does not "
        f"know ({', '.join(foreign[:_NAMED])}{more}): publishing would take them from machines"
    )
    advice = (
        "publish once from the container engine whose volume slipway-aptly-... knows them, after "
        "which every engine does; or name an empty bucket in the apt connection"
    )
    return EnvironmentMisconfigured(msg, advice=advice)


def _lost(ended: Ended, _: str) -> SlipwayError:
    msg = (
        f"another worker publishes into {ended.repository.bucket} by now, since this one was not "
        "heard of for a minute: nothing was shown to machines"
    )
    return ToolFailed(msg, advice="nothing: the task tries again by itself")


def _unsigned(ended: Ended, _: str) -> SlipwayError:
    msg = (
        f"what aptly knows of the repository lies in the bucket {ended.repository.bucket}, and is "
        "not signed by the key of the apt connection"
    )
    advice = (
        "after a change of keys, put the old one's public part behind the new one in the "
        "connection's password until something was published; else find out who writes to the "
        "bucket, and restore an earlier version of "
        f".slipway/{ended.repository.distribution}/aptly.tar"
    )
    return EnvironmentMisconfigured(msg, advice=advice)


def _different(ended: Ended, file_name: str) -> SlipwayError:
    lines = ended.file(script.LOG).splitlines()
    said = next((line for line in lines if "already exists and is different" in line), "")
    msg = f"{file_name or 'a package'} has the file name of another package in the bucket: {said}"
    advice = (
        "a file's name has no epoch in it, so a version is published with one epoch alone: push a "
        "new commit; a file that no aptly put there has to be removed from the bucket"
    )
    return VersionConflict(msg, advice=advice)
