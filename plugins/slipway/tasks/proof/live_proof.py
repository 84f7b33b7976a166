"""Proves a commit's migrations against the releases that serve now.

Red/black and every roll back rest on it that old code works on the new schema. So each release that
serves is started from its stored package on the schema that it knows, beside a scratch database;
that is migrated, file by file, while the service runs; and the service is started once more on what
came of it. What fails afterwards, and did not before, fails because of the migration.

A release that cannot be started beside a scratch database, or is not healthy there before anything
is migrated, proves nothing either way. That is said, and stops nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING

from slipway.exceptions import (
    LiveReleaseBroken,
    MigrationFailed,
    SlipwayError,
    ToolFailed,
    TransientError,
)
from slipway.hooks.store.artifacts import artifact_store
from slipway.model.cloud.machine import DISTRIBUTIONS, OperatingSystem
from slipway.model.fact import Json
from slipway.model.proof_settings import OnBroken, ProofSettings, Question
from slipway.model.schema_facts import LiveProof
from slipway.model.target import DeployTarget
from slipway.tasks.proof.live_health import health_of
from slipway.tasks.proof.live_releases import LiveRelease, Serving, live_releases
from slipway.tasks.proof.live_service import LiveService, NotStartable
from slipway.tasks.proof.live_trial import Trial
from slipway.tasks.proof.outcomes import (
    BROKEN,
    HELD,
    NOT_NEEDED,
    NOT_POSSIBLE,
    described,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slipway.hooks.docker.engine import ContainerEngine
    from slipway.hooks.fleet.cloud import FleetCloud
    from slipway.hooks.migrations.goose import Goose
    from slipway.hooks.migrations.migration_files import MigrationFiles
    from slipway.model.facts import PublishedPackage
    from slipway.tasks.proof.scratch_database import ScratchDatabase

# Files that are applied one by one; of more, nobody sees which one it was.
_MOST_STEPS = 20
_ADVICE = (
    "during a swap and after every roll back it runs on this schema: let this release only add, "
    "and take away in a later one, when nothing that serves needs it any more; or set "
    "`migrations: {prove: warn}`"
)


@dataclass(frozen=True, kw_only=True)
class MigrationProof:
    """What migrations are proved with.

    :param engine: runs the releases.
    :param name: of the containers, which begin with it.
    :param labels: on all of them.
    :param settings: the project's.
    :param goose: makes a goose for a database and a commit's files.
    :param files: reads the migrations of a commit, by its sha.
    :param open_cloud: opens the door to one environment's fleet.
    :param log: receives every line.
    :param warn: receives what somebody should see.
    """

    engine: ContainerEngine
    name: str
    labels: Mapping[str, str]
    settings: ProofSettings
    goose: Callable[[ScratchDatabase, MigrationFiles], Goose]
    files: Callable[[str], MigrationFiles]
    open_cloud: Callable[[DeployTarget], FleetCloud]
    log: Callable[[str], None]
    warn: Callable[[str], None]

    def look(self, targets: Sequence[DeployTarget]) -> Serving:
        """Find out what serves wherever a commit may go, and say where nothing does.

        :param targets: the environments.
        """
        serving = live_releases(targets, self.open_cloud)
        for one in serving.without:
            say = self.log if one.outcome == NOT_NEEDED else self.warn
            say(described(one))
        return serving

    def of_what_serves(
        self, migrations: MigrationFiles, serving: Serving, pristine: ScratchDatabase | str
    ) -> tuple[LiveProof, ...]:
        """Prove a commit's migrations against every release that serves, wherever it may go.

        :param migrations: the commit's.
        :param serving: what :meth:`look` found.
        :param pristine: a database without any migration, which is copied; or why there is none.
        :returns: what was seen of each release.
        :raises LiveReleaseBroken: when one fails on the migrated schema, and the project wants to
            stop then.
        """
        if not isinstance(pristine, str):
            return (*self.run(pristine, migrations, serving.lives), *serving.without)
        why = f"there is no database for it: {pristine}"
        return (*(live.proof(NOT_POSSIBLE, why) for live in serving.lives), *serving.without)

    def settled(self, migrations: MigrationFiles, live: LiveRelease) -> LiveProof | None:
        """Return the proof of a release that knows all of a commit's migrations.

        :param migrations: the commit's.
        :param live: what serves.
        :returns: None for a release that has to be tried.
        """
        if _pending(migrations, self._known(live)):
            return None
        return live.proof(NOT_NEEDED, "it knows all of these migrations")

    def question(self, live: LiveRelease) -> Json:
        """Return all that the trial of a release depends on, but for the commit's migrations.

        :param live: what serves.
        """
        known = self._known(live)
        try:
            health: Json | str = asdict(health_of(live.targets[0], self.open_cloud))
        except NotStartable as error:
            health = error.message
        return {
            "environments": live.environments,
            "package": live.record.package.to_json(),
            "known": known.archive.hex() if known else "",
            "settings": self.settings.to_json(),
            "health": health,
        }

    def run(
        self, pristine: ScratchDatabase, migrations: MigrationFiles, lives: Sequence[LiveRelease]
    ) -> tuple[LiveProof, ...]:
        """Prove a commit's migrations against every release that serves.

        :param pristine: a database without any migration, which is copied.
        :param migrations: the commit's.
        :param lives: what serves.
        :returns: what was seen of each.
        :raises LiveReleaseBroken: when one fails on the migrated schema, and the project wants to
            stop then.
        """
        proofs = tuple(
            self._prove(number, pristine, migrations, live) for number, live in enumerate(lives, 1)
        )
        if broken := [one for one in proofs if one.outcome == BROKEN]:
            said = "\n".join(described(one) for one in broken)
            if self.settings.mode is OnBroken.STOP:
                raise LiveReleaseBroken(said, advice=_ADVICE)
            self.warn(f"{said}\n  {_ADVICE}")
        return proofs

    def _prove(
        self, number: int, pristine: ScratchDatabase, migrations: MigrationFiles, live: LiveRelease
    ) -> LiveProof:
        places = " and ".join(live.environments)
        with self._group(f"against {live.version}, which serves {places}"):
            if settled := self.settled(migrations, live):
                return settled
            known = self._known(live)
            pending = _pending(migrations, known)
            try:
                proof = self._tried(f"live_{number}", pristine, migrations, pending, live, known)
            except (NotStartable, TransientError) as error:
                proof = live.proof(NOT_POSSIBLE, error.message)
                self.warn(described(proof))
            else:
                self.log(described(proof))
            return proof

    def _known(self, live: LiveRelease) -> MigrationFiles | None:
        """Return the migrations of the release itself; None where it had none."""
        try:
            return self.files(live.record.checkout.release.sha)
        except MigrationFailed:
            return None

    def _tried(
        self,
        database_name: str,
        pristine: ScratchDatabase,
        migrations: MigrationFiles,
        pending: Sequence[int],
        live: LiveRelease,
        known: MigrationFiles | None,
    ) -> LiveProof:
        database, reference = self._databases(database_name, pristine, known)
        service = self._service(database_name, database, live)
        trial = Trial(service=service, database=database, reference=reference, log=self.log)
        try:
            service.start(artifact_store())
            trial.begin()
            steps = pending if len(pending) <= _MOST_STEPS else pending[-1:]
            goose = self.goose(database, migrations)
            for version in steps:
                trial.step(migrations.names[version], partial(goose.up, to=version))
            broken = trial.end()
        finally:
            self.engine.remove(service.name)
        if broken is None:
            return live.proof(HELD, trial.seen())
        alone = migrations.names[pending[0]] if len(pending) == 1 else ""
        return live.proof(BROKEN, broken.said, broken.migration or alone)

    def _databases(
        self, name: str, pristine: ScratchDatabase, known: MigrationFiles | None
    ) -> tuple[ScratchDatabase, ScratchDatabase | None]:
        """Make a database as the release knows it, and one that stays so, where that can be had.

        :raises NotStartable: when the release's own migrations fail.
        """
        try:
            database = pristine.copied(name)
            if known:
                self.goose(database, known).up(direction="up, as that release has them")
            database.log_failures()
        except SlipwayError as error:
            msg = f"the schema that it knows cannot be made: {error.message}"
            raise NotStartable(msg) from error
        try:
            return database, database.copied(f"{name}_before")
        except ToolFailed:  # a worker of an extension is connected
            return database, None

    def _service(self, name: str, database: ScratchDatabase, live: LiveRelease) -> LiveService:
        """Describe its container, which is like the machines of the first place where it serves.

        :raises NotStartable: when its health cannot be asked for there.
        """
        target, package = live.targets[0], live.record.package
        health = health_of(target, self.open_cloud)
        system = OperatingSystem(
            self.settings.systems.get(target.environment, OperatingSystem.DEBIAN_12)
        )
        suite = DISTRIBUTIONS[system].suite
        machine = {
            "SLIPWAY_PROJECT": target.project,
            "SLIPWAY_ENVIRONMENT": target.environment,
            "SLIPWAY_VERSION": live.version,
            "AWS_REGION": target.region,
        }
        return LiveService(
            engine=self.engine,
            name=f"{self.name}-{name.replace('_', '-')}",
            labels=self.labels,
            network=database.network,
            package=_for_here(package, suite, self.engine.architecture),
            settings=self.settings,
            environment={**machine, **self.settings.variables(database.url)},
            health=Question(method="GET", path=health.path),
            port=health.port,
            right=health.status,
            system=system,
            log=self.log,
        )

    @contextmanager
    def _group(self, title: str) -> Iterator[None]:
        self.log(f"::group::{title}")
        try:
            yield
        finally:
            self.log("::endgroup::")


def _pending(migrations: MigrationFiles, known: MigrationFiles | None) -> list[int]:
    """List the migrations that a release does not know."""
    names = known.names if known else {}
    return [version for version in migrations.names if version not in names]


def _for_here(package: PublishedPackage, suite: str, architecture: str) -> PublishedPackage:
    """Pick the package that runs in containers of these machines' operating system.

    :raises NotStartable: where there is none.
    """
    if found := package.for_machine(suite, architecture):
        return found
    msg = f"its package is for {package.kinds}, and containers here are {suite} {architecture}"
    raise NotStartable(msg)
