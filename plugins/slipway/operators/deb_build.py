"""Step 4: build the Debian package."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from slipway.exceptions import PackageRefused, VersionConflict
from slipway.facts import Checkout, DebPackage, Json
from slipway.hooks.artifact_store import ArtifactStore, artifact_store
from slipway.hooks.docker_connection import DEFAULT, container_engine
from slipway.hooks.git_connection import git_mirror
from slipway.hooks.nfpm import BuiltDeb, build_deb
from slipway.hooks.toolbox import Toolbox
from slipway.operators.failure import explained
from slipway.operators.identity import container_name, labels
from slipway.operators.kept_facts import CHECKOUT, forget_fact, keep_fact, same_as_kept

if TYPE_CHECKING:
    from airflow.sdk import Context


class DebBuildOperator(BaseOperator):
    """Build a commit's ``.deb`` and put it into the artifact store.

    :param checkout: :class:`slipway.facts.Checkout` as JSON.
    :param url: the repository.
    :param connection: Airflow connection with the repository's credentials.
    :param submodules: connections of submodules (:func:`slipway.hooks.git_connection.git_mirror`).
    :param package: the name that the package must have.
    :param nfpm_file: nfpm's description, from the repository's top.
    :param unit: the systemd unit that must be inside.
    :param docker_conn_id: Airflow connection of the container engine.
    :returns: :class:`slipway.facts.DebPackage` as JSON.
    """

    template_fields: Sequence[str] = ("checkout",)
    ui_color = "#ffedd5"

    def __init__(
        self, *, checkout: Any, url: str, package: str, nfpm_file: str, unit: str,
        connection: str | None = None, submodules: dict[str, str] | None = None,
        docker_conn_id: str = DEFAULT, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(**kwargs)
        self.checkout = checkout
        self.url = url
        self.connection = connection
        self.submodules = submodules or {}
        self.package = package
        self.nfpm_file = nfpm_file
        self.unit = unit
        self.docker_conn_id = docker_conn_id
        self._labels: dict[str, str] = {}

    def execute(self, context: Context) -> Json:
        """Build, check and store.

        :raises AirflowFailException: when the package is not what the project file says.
        """
        with explained():
            forget_fact(context)
            checkout = same_as_kept(context, CHECKOUT, Checkout.from_json(self.checkout))
            release = checkout.release
            mirror = git_mirror(self.url, self.connection, self.submodules)
            self._labels = labels(context)
            engine = container_engine(self.docker_conn_id)
            toolbox = Toolbox(
                engine=engine, name=container_name(context), labels=self._labels, network="none"
            )
            with mirror.archive(release.sha) as sources:
                built = build_deb(
                    toolbox, sources, nfpm_file=self.nfpm_file, version=release.version,
                    built_at=checkout.committed_at, log=self._say,
                )  # fmt: skip
            self._check(built, release.version)
            deb = self._store(artifact_store(), checkout, built)
            return keep_fact(context, release, deb.to_json(), of=checkout)

    def on_kill(self) -> None:
        """Remove the container of this task."""
        if self._labels:
            container_engine(self.docker_conn_id).remove_labelled(self._labels)

    def _check(self, built: BuiltDeb, version: str) -> None:
        if built.name != self.package:
            msg = f"{self.nfpm_file} builds {built.name!r}, the project file says {self.package!r}"
            raise PackageRefused(msg, advice="give both the same name")
        if built.version != version:
            msg = f"the package has version {built.version}, the release is {version}"
            advice = f"write `version: ${{VERSION}}` and `version_schema: none` in {self.nfpm_file}"
            raise PackageRefused(msg, advice=advice)
        if self.unit not in built.units:
            msg = (
                f"the package has no unit {self.unit} (it has: {', '.join(built.units) or 'none'})"
            )
            advice = (
                f"add it to {self.nfpm_file} below /lib/systemd/system, or correct package.unit"
            )
            raise PackageRefused(msg, advice=advice)

    def _store(self, store: ArtifactStore, checkout: Checkout, built: BuiltDeb) -> DebPackage:
        release, digest = checkout.release, hashlib.sha256(built.data).hexdigest()
        file = f"{built.name}_{built.version}_{built.architecture}.deb"
        key = f"deb/{release.project}/{release.version}/{file}"
        kept = store.get(key)
        if kept is not None and hashlib.sha256(kept).hexdigest() != digest:
            msg = f"{file} was built before, from the same commit, with other content"
            advice = (
                "something outside the commit takes part in the build; remove it, and push again"
            )
            raise VersionConflict(msg, advice=advice)
        if kept is None:
            store.put(key, built.data)
        self._say(f"{file}: {len(built.data)} bytes, sha256 {digest}")
        return DebPackage(
            release=release, name=built.name, version=built.version,
            architecture=built.architecture, sha256=digest, size=len(built.data), artifact=key,
            reused=kept is not None,
        )  # fmt: skip

    def _say(self, line: str) -> None:
        self.log.info("%s", line)
