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
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from airflow.sdk.exceptions import AirflowNotFoundException

from slipway.exceptions import (
    LiveReleaseBroken,
    MigrationFailed,
    SlipwayError,
    ToolFailed,
    TransientError,
)
from slipway.fleet.health_question import health_question
from slipway.hooks.store.artifacts import artifact_store
from slipway.model.cloud.health_check import HealthCheck, Scheme
from slipway.model.cloud.machine import DISTRIBUTIONS, OperatingSystem
from slipway.model.proof_settings import OnBroken, ProofSettings, Question
from slipway.model.schema_facts import LiveProof
from slipway.model.target import DeployTarget
from slipway.tasks.proof.live_releases import LiveRelease, live_releases
from slipway.tasks.proof.live_service import LiveService, NotStartable
from slipway.tasks.proof.live_trial import Trial

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slipway.hooks.docker.engine import ContainerEngine
    from slipway.hooks.fleet.cloud import FleetCloud
    from slipway.hooks.migrations.goose import Goose
    from slipway.hooks.migrations.migration_files import MigrationFiles
    from slipway.model.facts import PublishedPackage
    from slipway.tasks.proof.scratch_database import ScratchDatabase

HELD, BROKEN = "held", "broken"
NOT_NEEDED, NOT_POSSIBLE = "not needed", "not possible"
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

    def of_what_serves(
        self,
        migrations: MigrationFiles,
        targets: Sequence[DeployTarget],
        pristine: ScratchDatabase | str,
    ) -> tuple[LiveProof, ...]:
        """Prove a commit's migrations against every release that serves, wherever it may go.

        :param migrations: the commit's.
        :param targets: the environments.
        :param pristine: a database without any migration, which is copied; or why there is none.
        :returns: what was seen of each release.
        :raises LiveReleaseBroken: when one fails on the migrated schema, and the project wants to
            stop then.
        """
        lives, without = live_releases(targets, self.open_cloud)
        for one in without:
            say = self.log if one.outcome == NOT_NEEDED else self.warn
            say(described(one))
        if not isinstance(pristine, str):
            return (*self.run(pristine, migrations, lives), *without)
        why = f"there is no database for it: {pristine}"
        return (*(_proof(live, NOT_POSSIBLE, why) for live in lives), *without)

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
            known = self._known(live)
            names = known.names if known else {}
            pending = [version for version in migrations.names if version not in names]
            if not pending:
                return _proof(live, NOT_NEEDED, "it knows all of these migrations")
            try:
                proof = self._tried(f"live_{number}", pristine, migrations, pending, live, known)
            except (NotStartable, TransientError) as error:
                proof = _proof(live, NOT_POSSIBLE, error.message)
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
            return _proof(live, HELD, trial.seen())
        alone = migrations.names[pending[0]] if len(pending) == 1 else ""
        return _proof(live, BROKEN, broken.said, broken.migration or alone)

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
        health = self._health(target)
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

    def _health(self, target: DeployTarget) -> HealthCheck:
        """Return how a machine is asked for its health there.

        :raises NotStartable: when nobody knows, or it is not asked by HTTP.
        """
        try:
            check = self.open_cloud(target).health_check()
        except (SlipwayError, AirflowNotFoundException) as error:
            if target.health_path is None or target.health_port is None:
                msg = f"how the balancer asks for its health cannot be seen: {error}"
                raise NotStartable(msg) from error
            check = HealthCheck(scheme=Scheme.HTTP, port=target.health_port)
        found = health_question(target, check)
        if found.scheme is not Scheme.HTTP:
            msg = f"its health is asked for by {found.scheme.value}, and only HTTP is spoken here"
            raise NotStartable(msg)
        return found

    @contextmanager
    def _group(self, title: str) -> Iterator[None]:
        self.log(f"::group::{title}")
        try:
            yield
        finally:
            self.log("::endgroup::")


def _for_here(package: PublishedPackage, suite: str, architecture: str) -> PublishedPackage:
    """Pick the package that runs in containers of these machines' operating system.

    :raises NotStartable: where there is none.
    """
    if found := package.for_machine(suite, architecture):
        return found
    msg = f"its package is for {package.kinds}, and containers here are {suite} {architecture}"
    raise NotStartable(msg)


def _proof(live: LiveRelease, outcome: str, said: str, migration: str = "") -> LiveProof:
    return LiveProof(
        environments=live.environments,
        version=live.version,
        outcome=outcome,
        said=said,
        migration=migration,
        schema=live.record.schema.version if live.record.schema else 0,
    )


def described(proof: LiveProof) -> str:
    """Say how a proof ended, for people."""
    places = " and ".join(proof.environments)
    if not proof.version:
        return f"{places}: nothing to prove the migrations against: {proof.said}"
    release = f"release {proof.version}, which serves {places},"
    if proof.outcome == BROKEN:
        since = f" after {proof.migration}" if proof.migration else ""
        return f"{release} fails on the migrated schema{since}: {proof.said}"
    if proof.outcome == NOT_POSSIBLE:
        return f"{release} cannot be tried on the migrated schema, because {proof.said}"
    how = "works on the migrated schema" if proof.outcome == HELD else "needs no proof"
    return f"{release} {how}: {proof.said}"
