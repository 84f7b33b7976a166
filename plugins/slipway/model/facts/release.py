"""The one noun that travels, and the commit that it was made of."""

from __future__ import annotations

import dataclasses

from slipway.model.event import Event
from slipway.model.fact import Fact
from slipway.model.git.merge import Merge


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Release(Fact):
    """The one noun that travels.

    :param project: the project's name.
    :param sha: the full commit id, 40 hex digits.
    :param version: sorts by history, unique per commit, e.g. ``1.4.0+42.g3f2a1b7``.
    """

    project: str
    sha: str
    version: str

    @property
    def slug(self) -> str:
        """The version in characters that every cloud resource name allows."""
        return self.version.replace("+", "-").replace("~", "-").replace("@", "-")

    @property
    def is_proposed(self) -> bool:
        """It is none yet: a pull request, or a branch that is not delivered, would be it."""
        return is_proposed(self.version)


def is_proposed(version: str) -> bool:
    """Tell whether a version is one that no release has, as of a pull request.

    :param version: the version; its tilde sorts before the release that it would be.
    """
    return "~" in version


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Checkout(Fact):
    """A commit that was found and can be materialised anywhere from its sha.

    :param release: project, sha and version.
    :param repository: the URL it came from, without credentials.
    :param ref: what was asked for: a branch, a tag or a sha.
    :param branch: the branch that the pipeline should report.
    :param tag: the tag, where the ref named one.
    :param message: the commit message.
    :param author_name: as git records it.
    :param author_email: as git records it.
    :param committed_at: committer time, seconds since 1970: whatever the committer's clock said,
        so nothing is put in order by it.
    :param parent: its first parent; None where it has none, or nobody noted it.
    :param event: what started the run; None in what was written before there were events, so ask
        :attr:`cause`.
    :param position: how far along the delivered branch's first parents it is, counting from 1: of
        a commit beside that line, where it left it. None in what was written before.
    :param delivered: the branch that the project delivers, whichever this commit is on; empty in
        what was written before.
    :param merge: of a pull request, with the branch that it wants to go to; None for all else.
    """

    release: Release
    repository: str
    ref: str
    branch: str
    message: str
    author_name: str
    author_email: str
    committed_at: int
    parent: str | None = None
    tag: str | None = None
    event: Event | None = None
    position: int | None = None
    delivered: str = ""
    merge: Merge | None = None

    @property
    def files(self) -> str:
        """The commit whose files count: the release's, or what a pull request would make of it."""
        return (self.merge.sha if self.merge else "") or self.release.sha

    @property
    def cause(self) -> Event:
        """What started the run; where that was not noted, the tag or the push that it meant."""
        if self.event is not None:
            return self.event
        return Event.of_tag(self.tag) if self.tag else Event.push(self.branch)
