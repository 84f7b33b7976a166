"""Facts: what one task tells the next.

Each fact is a small frozen dataclass that survives JSON unchanged, since it travels as an
XCom. A fact never holds a secret, a path on a worker or an object: only names, digests,
identifiers and numbers. Seconds are floats, instants are whole seconds since 1970 (UTC).
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from collections.abc import Iterable

from slipway.model.event import Event
from slipway.model.fact import Fact as Fact
from slipway.model.fact import Json as Json
from slipway.model.schema_facts import HeavyChange, LiveProof


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
        return self.version.replace("+", "-").replace("~", "-")


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
    :param event: what started the run; None in what was written before there were events.
    :param position: how far along the delivered branch's first parents it is, counting from 1: of
        a commit beside that line, where it left it. None in what was written before.
    :param delivered: the branch that the project delivers, whichever this commit is on; empty in
        what was written before.
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


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class StepReport(Fact):
    """How one step of the pipeline ended.

    :param state: ``passed``, ``failed``, ``skipped`` or ``killed``.
    :param exit_code: the container's, or None where it never ran.
    :param pipeline: the one that it belongs to.
    :param note: why it was skipped.
    :param digest: of the image that ran: name and digest in its registry, or the id of one that was
        built beside the engine; empty where nothing ran.
    """

    name: str
    image: str
    state: str
    seconds: float
    exit_code: int | None = None
    pipeline: str = ""
    note: str = ""
    digest: str = ""


# Drone's own first step brings the sources and tests nothing.
_CLONE = "clone"


def something_passed(steps: Iterable[StepReport]) -> bool:
    """Tell whether any step's container ran to a good end.

    Steps in the background have no end of their own, and bringing the sources shows nothing.
    """
    return any(
        step.state == "passed" and step.exit_code == 0 and step.name != _CLONE for step in steps
    )


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class TestFailure(Fact):
    """One test case that failed.

    :param name: class and name, as the tool wrote them.
    :param message: the first lines of what it said.
    """

    __test__ = False  # the name is the field's; pytest should pass it by

    name: str
    message: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class TestCounts(Fact):
    """What the test cases of a run came to.

    :param failed: the first of those that failed or broke.
    """

    __test__ = False

    tests: int = 0
    failures: int = 0
    errors: int = 0
    skipped: int = 0
    seconds: float = 0.0
    failed: tuple[TestFailure, ...] = ()

    def plus(self, other: TestCounts) -> TestCounts:
        """Count these and others together."""
        return TestCounts(
            tests=self.tests + other.tests,
            failures=self.failures + other.failures,
            errors=self.errors + other.errors,
            skipped=self.skipped + other.skipped,
            seconds=self.seconds + other.seconds,
            failed=(*self.failed, *other.failed),
        )


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class BuiltFiles(Fact):
    """What the pipeline built and the package is made of, as one tar in object storage.

    :param artifact: its key below the artifact root.
    :param sha256: of the tar.
    :param size: of the tar, in bytes.
    :param files: how many are in it.
    :param pipeline: the one whose workspace they were taken from.
    :param paths: under which they were, as the project file has them.
    :param reused: they were kept by an earlier run of the same commit.
    """

    artifact: str
    sha256: str
    size: int
    files: int
    pipeline: str = ""
    paths: tuple[str, ...] = ()
    reused: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class TestReport(Fact):
    """The outcome of a commit's own pipeline.

    :param steps: all of the pipeline file; those that did not run say why.
    :param counts: of the JUnit reports that its steps left, where they left any.
    :param built: what of its workspace goes into the package, where something does.
    :param number: of the build; 0 in reports of before there was one.
    """

    __test__ = False

    release: Release
    seconds: float
    steps: tuple[StepReport, ...] = ()
    counts: TestCounts | None = None
    built: BuiltFiles | None = None
    number: int = 0

    def after(self, first: TestReport) -> TestReport:
        """Put the report of a pipeline's first half in front of this one, of its second."""
        counts = [one.counts for one in (first, self) if one.counts is not None]
        return dataclasses.replace(
            self,
            seconds=first.seconds + self.seconds,
            steps=(*first.steps, *self.steps),
            counts=functools.reduce(TestCounts.plus, counts) if counts else None,
            built=first.built,
        )


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class SchemaVersion(Fact):
    """Where a database's schema stands.

    :param version: goose's version number; 0 is an empty database.
    :param before: the version before the task ran.
    :param applied: the migrations that the task applied, in order.
    :param seconds: how long goose ran.
    :param heavy: statements that keep others from a table for as long as it is large.
    :param proofs: of a rehearsal, by the releases that served then.
    """

    version: int
    before: int
    seconds: float
    applied: tuple[str, ...] = ()
    heavy: tuple[HeavyChange, ...] = ()
    proofs: tuple[LiveProof, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class PackageBeside(Fact):
    """One of several packages of a repository, beside the one with the unit.

    :param artifact: its key below the artifact root.
    :param size: in bytes.
    :param installed: the one with the unit depends on it.
    """

    name: str
    version: str
    architecture: str
    sha256: str
    artifact: str
    size: int
    installed: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class PackageVariant(Fact):
    """The package with the unit once more, for machines of another kind.

    :param suite: the operating system's, ``trixie``; empty where it is the same for all.
    :param artifact: its key below the artifact root.
    :param size: in bytes.
    :param beside: other packages of the repository, for the same machines.
    """

    suite: str
    architecture: str
    version: str
    sha256: str
    size: int
    artifact: str
    beside: tuple[PackageBeside, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class DebPackage(Fact):
    """A ``.deb`` in object storage.

    :param artifact: its key below the artifact root.
    :param size: in bytes.
    :param reused: an earlier build of the same version was found and kept.
    :param built: the sha256 of what the pipeline built and it was made of; empty where it was made
        of the sources alone.
    :param beside: other packages of the repository; one comes after those that it depends on.
    :param suite: of the operating system that it is for; empty where it is the same for all.
    :param others: the same for machines of other kinds.
    """

    release: Release
    name: str
    version: str
    architecture: str
    sha256: str
    size: int
    artifact: str
    reused: bool = False
    built: str = ""
    beside: tuple[PackageBeside, ...] = ()
    suite: str = ""
    others: tuple[PackageVariant, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class PublishedPackage(Fact):
    """A package that ``apt-get install name=version`` finds.

    :param repository_url: what follows ``deb`` in an apt source.
    :param signing_key: the repository's public key, ASCII-armoured.
    :param distribution: which one of a suite is in, ``stable-trixie``, where there are several.
    :param beside: as in :class:`DebPackage`, published before it.
    :param suite: as in :class:`DebPackage`, and so are the others.
    """

    release: Release
    name: str
    version: str
    architecture: str
    sha256: str
    repository_url: str
    distribution: str
    component: str
    signing_key: str
    beside: tuple[PackageBeside, ...] = ()
    suite: str = ""
    others: tuple[PackageVariant, ...] = ()

    @property
    def digest(self) -> str:
        """What a release stands for: the SHA-256 of its package, or of all of its packages'."""
        parts = [self.sha256, *(one.sha256 for one in self.beside)]
        for other in self.others:
            parts += [other.sha256, *(one.sha256 for one in other.beside)]
        if len(parts) == 1:
            return self.sha256
        return hashlib.sha256("\n".join(sorted(parts)).encode()).hexdigest()

    def for_machine(self, suite: str, architecture: str) -> PublishedPackage | None:
        """Return the package for machines of a kind; None where there is none.

        :param suite: as apt calls the operating system.
        :param architecture: as Debian calls it.
        """
        for one in (self, *self._others()):
            if one.suite in ("", suite) and one.architecture in ("all", architecture):
                return dataclasses.replace(one, others=())
        return None

    @property
    def kinds(self) -> str:
        """Say for which machines there are packages."""
        found = [f"{one.suite} {one.architecture}".strip() for one in (self, *self._others())]
        return ", ".join(found)

    def _others(self) -> tuple[PublishedPackage, ...]:
        base = self.distribution.removesuffix(f"-{self.suite}") if self.suite else self.distribution
        return tuple(
            dataclasses.replace(
                self,
                suite=one.suite,
                architecture=one.architecture,
                version=one.version,
                sha256=one.sha256,
                beside=one.beside,
                distribution=in_suite(base, one.suite),
            )
            for one in self.others
        )


def in_suite(distribution: str, suite: str) -> str:
    """Name the distribution of the apt repository that has the packages of a suite."""
    return f"{distribution}-{suite}" if suite else distribution


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class MachineImage(Fact):
    """An AMI that holds exactly one release.

    :param base_image_id: the base layer it was baked on.
    :param deb_sha256: of the package inside.
    :param playbook_hash: of every file that took part in the bake.
    :param reused: an image with these inputs existed already.
    """

    release: Release
    image_id: str
    name: str
    base_image_id: str
    deb_sha256: str
    playbook_hash: str
    region: str
    reused: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Deployment(Fact):
    """What a swap did, or how far it has come.

    :param environment: the environment's name.
    :param server_group: the release's Auto Scaling group.
    :param launch_template: its launch template.
    :param instance_ids: the instances seen last.
    :param previous_group: the server group that served before, if any.
    :param previous_version: its release's version.
    """

    release: Release
    environment: str
    server_group: str
    launch_template: str
    image_id: str
    instance_ids: tuple[str, ...] = ()
    previous_group: str | None = None
    previous_version: str | None = None
