"""Where a project's commits come from, and what is done about them there."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, model_validator

from include.project.field_types import (
    BranchName,
    ConnectionName,
    RefPattern,
    RepositoryUrl,
    SubmoduleConnections,
)
from include.project.repository.forge import ForgeUrl, find_place
from include.project.repository.pull_requests import WrittenPullRequests
from include.project.repository.watching import Watch
from slipway.model.forge.place import ForgeKind, ForgePlace
from slipway.model.git.large_files import LargeFiles
from slipway.model.git.url import parse_url


class Repository(BaseModel, frozen=True, extra="forbid", use_attribute_docstrings=True):
    """Where the commits come from."""

    url: RepositoryUrl
    """https, ssh or git URL, without a login."""
    branch: BranchName = "main"
    """The branch whose commits are delivered."""
    branches: tuple[RefPattern, ...] = ()
    """Further branches whose commits may become releases by hand: names, or patterns like
    `release/*`, where `*` stays within a name's part and `**` does not."""
    tags: tuple[RefPattern, ...] = ()
    """Tags whose commits may become releases by hand, also where no branch of these leads to them:
    names, or patterns like `v*`."""
    watch: Watch = Watch()
    """What is run by itself when it is pushed, besides the branch."""
    pull_requests: WrittenPullRequests = None
    """Test pull requests; `true`, or how (docs/pull-requests.md)."""
    connection: ConnectionName | None = None
    """Airflow connection with an ssh key (extra: private_key) or a token (password). Credentials
    are sent over https and ssh alone."""
    webhook: ConnectionName | None = None
    """Airflow connection with the secret (password) that the git host signs its webhooks with; a
    second one under `previous` in its extra is believed as well. Without it none is believed, and
    commits are found by asking."""
    submodules: SubmoduleConnections = {}
    """Connections of private submodules: the URL of one, or of the folder that it is in, and the
    Airflow connection. Other submodules are read without credentials."""
    lfs: LargeFiles = LargeFiles.FETCH
    """What becomes of files that lie in Git LFS: `fetch` brings them from the repository's own
    server, `pointers` takes the pointers as they are, also in the package."""
    version_tags: tuple[RefPattern, ...] = ()
    """Tags that number the versions, such as `v*`; by default all that look like `1.4.0` or
    `v1.4.0`. Useful where a tag like `2024.11.26`, the highest number for good, is no version."""
    supersede: bool | None = None
    """A newer commit ends the runs of older ones of its branch or pull request that are queued or
    being tested. Empty: pull requests, and branches of which only the newest commit is built
    (docs/order.md)."""
    statuses: bool = False
    """Show on each commit at its host what became of it (docs/statuses.md)."""
    forge: ForgeKind | None = None
    """Whose REST API the host speaks; known of bitbucket.org, github.com, gitlab.com, codeberg.org
    and gitea.com."""
    forge_url: ForgeUrl | None = None
    """Where the host's REST API begins, if not at the host of `url`."""
    forge_connection: ConnectionName | None = None
    """Airflow connection with a token (password) for the host's REST API, where it is another than
    `connection`."""

    def forge_place(self) -> ForgePlace:
        """Return where the repository is at its host.

        :raises ValueError: when the project file does not say enough, with what is missing.
        """
        connection = self.forge_connection or self.connection
        return find_place(self.url, connection=connection, kind=self.forge, server=self.forge_url)

    @model_validator(mode="after")
    def _host_is_known(self) -> Self:
        if self.statuses or self.pull_requests:
            self.forge_place()
        return self

    @model_validator(mode="after")
    def _credentials_stay_secret(self) -> Self:
        named = [self.url] if self.connection is not None else []
        for url in (*named, *self.submodules):
            if parse_url(url).scheme not in ("https", "ssh"):
                msg = f"{url} is not encrypted, so no connection can be used; use https or ssh"
                raise ValueError(msg)
        return self
