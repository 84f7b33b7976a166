"""Step 1: find the commit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from slipway.facts import Checkout, Json, Release
from slipway.hooks.git_connection import git_mirror
from slipway.inert import visible
from slipway.operators.failure import explained

if TYPE_CHECKING:
    from airflow.sdk import Context


class CheckoutOperator(BaseOperator):
    """Turn a ref into an exact commit, and the commit into a release.

    No files are kept: later tasks ask the mirror on their own worker for the sha.

    :param project: the project's name.
    :param url: the repository.
    :param ref: branch, tag or sha; empty for the branch's newest commit.
    :param branch: the branch that is delivered, reported where the ref names none.
    :param connection: Airflow connection with the repository's credentials.
    :returns: :class:`slipway.facts.Checkout` as JSON.
    """

    template_fields: Sequence[str] = ("ref",)
    ui_color = "#dbeafe"

    def __init__(
        self, *, project: str, url: str, ref: str, branch: str, connection: str | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(**kwargs)
        self.project = project
        self.url = url
        self.ref = ref
        self.branch = branch
        self.connection = connection

    def execute(self, context: Context) -> Json:
        """Resolve the ref and describe the commit."""
        with explained():
            checkout = self._find(self.ref or self.branch)
        self.log.info(
            "%s is %s: version %s, by %s", visible(checkout.ref), checkout.release.sha,
            checkout.release.version, visible(checkout.author_name),
        )  # fmt: skip
        return checkout.to_json()

    def _find(self, ref: str) -> Checkout:
        mirror = git_mirror(self.url, self.connection)
        sha = mirror.resolve(ref)
        commit = mirror.commit(sha)
        tag = ref.removeprefix("refs/tags/") if mirror.is_tag(ref) else None
        on_branch = tag is None and mirror.is_branch(ref)
        return Checkout(
            release=Release(project=self.project, sha=sha, version=mirror.version(sha)),
            repository=self.url, ref=ref, tag=tag,
            branch=ref.removeprefix("refs/heads/") if on_branch else self.branch,
            parent=commit.parent, message=commit.message, author_name=commit.author_name,
            author_email=commit.author_email, committed_at=commit.committed_at,
        )  # fmt: skip
