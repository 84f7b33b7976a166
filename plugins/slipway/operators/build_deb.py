"""Step 4: build the Debian package."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from slipway.exceptions import FactMissing, VersionConflict
from slipway.hooks.docker.connection import DEFAULT, container_engine
from slipway.hooks.git.mirror import GitMirror
from slipway.hooks.packages.deb_checks import Wanted
from slipway.hooks.packages.deb_fields import checked
from slipway.hooks.packages.each_architecture import build_each
from slipway.hooks.packages.nfpm import BuiltDeb
from slipway.hooks.packages.ready_debs import ReadyDebs, ready_debs
from slipway.hooks.store.artifacts import ArtifactStore, artifact_store
from slipway.hooks.tars import append
from slipway.hooks.temporary_file import spool
from slipway.hooks.tools.toolbox import Toolbox
from slipway.model.cloud.machine import Architecture
from slipway.model.facts import Checkout, DebPackage, Json, PackageBeside, PackageVariant, Release
from slipway.model.git.large_files import LargeFiles
from slipway.model.git.repository import Repository
from slipway.tasks.built_files import BuiltStore
from slipway.tasks.kept_facts import CHECKOUT, forget_fact, keep_fact, kept_report, same_as_kept
from slipway.tasks.making_way.side_by_side import SideBySide
from slipway.tasks.naming import container_name, labels
from slipway.tasks.proposals.source import commit_mirror
from slipway.tasks.retries import no_retry_on_input_error

if TYPE_CHECKING:
    from airflow.sdk import Context


class BuildDebOperator(BaseOperator):
    """Build a commit's ``.deb`` and put it into the artifact store.

    :param checkout: :class:`slipway.model.facts.Checkout` as JSON.
    :param repository: that the commit is in.
    :param submodules: connections of submodules (:func:`slipway.hooks.git.connection.git_mirror`).
    :param lfs: what becomes of files in Git LFS
        (:class:`slipway.model.git.large_files.LargeFiles`).
    :param package: the name that the package must have.
    :param nfpm_file: nfpm's description, from the repository's top.
    :param unit: the systemd unit that must be inside.
    :param docker_conn_id: Airflow connection of the container engine.
    :param built: what the pipeline's task returned, where the package is made of what it built.
    :param built_task: that task's id; what it signed is what counts.
    :param debs: the pipeline built the package itself, under this path, and nfpm is not asked.
    :param suites: for which it built packages that differ.
    :param architectures: of the project's machines; nfpm makes a package for each, unless it is for
        all.
    :param keep: what was built goes into the artifact store; otherwise it is only checked.
    :returns: :class:`slipway.model.facts.DebPackage` as JSON.

    Example::

        deb = BuildDebOperator(
            task_id="build_deb",
            checkout=checkout.output,
            repository=Repository(url="https://git.example.com/shop.git"),
            package="shop",
            nfpm_file="nfpm.yaml",
            unit="shop.service",
        )
    """

    template_fields: Sequence[str] = ("checkout", "built")
    ui_color = "#ffedd5"

    def __init__(
        self,
        *,
        checkout: Any,
        repository: Repository,
        package: str,
        nfpm_file: str,
        unit: str,
        submodules: dict[str, str] | None = None,
        lfs: str = LargeFiles.FETCH.value,
        docker_conn_id: str = DEFAULT,
        built: Any = None,
        built_task: str | None = None,
        debs: str | None = None,
        suites: Sequence[str] = (),
        architectures: Sequence[str] = (Architecture.AMD64.value,),
        keep: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.checkout = checkout
        self.built = built
        self.built_task = built_task
        self.debs = debs
        self.suites = tuple(suites)
        self.architectures = tuple(architectures)
        self.keep = keep
        self.repository = repository
        self.submodules = submodules or {}
        self.lfs = lfs
        self.package = package
        self.nfpm_file = nfpm_file
        self.unit = unit
        self.docker_conn_id = docker_conn_id
        self._labels: dict[str, str] = {}

    def execute(self, context: Context) -> Json:
        """Build, check and store.

        :raises AirflowFailException: when the package is not what the project file says.
        """
        with SideBySide(self, context), no_retry_on_input_error():
            forget_fact(context)
            checkout = same_as_kept(context, CHECKOUT, Checkout.from_json(self.checkout))
            release = checkout.release
            mirror = commit_mirror(
                context, checkout, self.repository, self.submodules, LargeFiles(self.lfs)
            )
            self._labels = labels(context)
            engine = container_engine(self.docker_conn_id)
            toolbox = Toolbox(
                engine=engine, name=container_name(context), labels=self._labels, network="none"
            )
            with spool() as file, spool() as package:
                taken = self._fetch_built(context, release, file)
                if self.debs is not None:
                    deb = self._ready(self.debs, checkout, toolbox, file, package)
                else:
                    deb = self._packed(mirror, checkout, toolbox, file if taken else None)
            kept = keep_fact(context, release, replace(deb, built=taken).to_json(), of=checkout)
            if taken and not self.keep:
                # Last: whoever is killed before, and tried again, needs it.
                self._drop_built(context, release)
            return kept

    def _ready(
        self, pattern: str, checkout: Checkout, toolbox: Toolbox, built: IO[bytes], into: IO[bytes]
    ) -> DebPackage:
        """Take the packages that the pipeline has built itself."""
        found = ready_debs(
            toolbox,
            built,
            pattern=pattern,
            wanted=self._wanted(checkout.release),
            into=into,
            log=self._say,
            suites=self.suites,
        )
        store = artifact_store()
        kinds = (found, *found.others)
        return _joined([self._stored_kind(store, checkout, one) for one in kinds])

    def _stored_kind(
        self, store: ArtifactStore, checkout: Checkout, found: ReadyDebs
    ) -> DebPackage:
        """Store the packages for machines of one kind."""
        beside = (self._store(store, checkout, one) for one in found.beside)
        kept = tuple(
            PackageBeside(
                name=one.name,
                version=one.version,
                architecture=one.architecture,
                sha256=one.sha256,
                artifact=one.artifact,
                size=one.size,
                installed=one.name in found.needed,
            )
            for one in beside
        )
        return replace(self._store(store, checkout, found.main), beside=kept, suite=found.suite)

    def _packed(
        self,
        mirror: GitMirror,
        checkout: Checkout,
        toolbox: Toolbox,
        more: IO[bytes] | None,
    ) -> DebPackage:
        """Have nfpm build the package, for machines of each architecture.

        :param more: what the pipeline built; it lies over what the sources have of the same name.
        """
        release, store = checkout.release, artifact_store()
        with mirror.archive(checkout.files) as sources:
            if more is not None:
                append(sources, more)
            found = build_each(
                toolbox,
                sources,
                architectures=self.architectures,
                nfpm_file=self.nfpm_file,
                wanted=self._wanted(release),
                built_at=checkout.committed_at,
                open_file=spool,
                log=self._say,
            )
            return _joined([self._store(store, checkout, one) for one in found])

    def _fetch_built(self, context: Context, release: Release, file: IO[bytes]) -> str:
        """Fetch what the pipeline built.

        :param file: where it goes.
        :returns: its digest; empty where the package is made of the sources alone.
        """
        if self.built_task is None:
            return ""
        built = kept_report(context, self.built_task, release).built
        if built is None:
            msg = f"{self.built_task} took nothing of its workspace, and this package is made of it"
            advice = f"the project file was changed meanwhile: clear {self.built_task}"
            raise FactMissing(msg, advice=advice)
        BuiltStore(store=artifact_store(), release=release, log=self._say).fetch(built, file)
        return built.sha256

    def _drop_built(self, context: Context, release: Release) -> None:
        """Remove what the pipeline built, which nobody asks for again."""
        built = kept_report(context, str(self.built_task), release).built
        if built is not None:
            artifact_store().delete(built.artifact)

    def on_kill(self) -> None:
        """Remove the container of this task."""
        if self._labels:
            container_engine(self.docker_conn_id).remove_labelled(self._labels)

    def _wanted(self, release: Release) -> Wanted:
        return Wanted(package=self.package, version=release.version, unit=self.unit)

    def _store(self, store: ArtifactStore, checkout: Checkout, built: BuiltDeb) -> DebPackage:
        release, digest = checkout.release, built.sha256
        # What the repository wrote becomes a file's name, and a key.
        checked(
            {"Package": built.name, "Version": built.version, "Architecture": built.architecture}
        )
        file = built.file_name
        key = f"deb/{release.project}/{release.version}/{file}" if self.keep else ""
        kept = store.digest(key) if key else None
        if kept not in (None, digest):
            msg = f"{file} was built before, from the same commit, with other content"
            advice = (
                "something outside the commit takes part in the build; remove it, and push again"
            )
            raise VersionConflict(msg, advice=advice)
        if kept is None and key:
            store.put_file(key, built.content)
        self._say(f"{file}: {built.size} bytes, sha256 {digest}")
        return DebPackage(
            release=release,
            name=built.name,
            version=built.version,
            architecture=built.architecture,
            sha256=digest,
            size=built.size,
            artifact=key,
            reused=kept is not None,
        )

    def _say(self, line: str) -> None:
        self.log.info("%s", line)


def _joined(kinds: Sequence[DebPackage]) -> DebPackage:
    """Make one fact of the packages for machines of each kind."""
    first, *rest = kinds
    others = tuple(
        PackageVariant(
            suite=one.suite,
            architecture=one.architecture,
            version=one.version,
            sha256=one.sha256,
            size=one.size,
            artifact=one.artifact,
            beside=one.beside,
        )
        for one in rest
    )
    return replace(first, others=others)
