"""Step 7: bring an environment's database to the schema of the release that comes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseHook, BaseOperator
from airflow.sdk.log import mask_secret

from slipway.hooks.docker.connection import DEFAULT, container_engine
from slipway.hooks.git.connection import git_mirror
from slipway.hooks.git.mirror import GitMirror
from slipway.hooks.migrations.goose import Goose
from slipway.hooks.migrations.migration_files import MigrationFiles
from slipway.hooks.migrations.postgres_url import postgres_url
from slipway.hooks.migrations.schema_records import SchemaRecords
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.tools.toolbox import NOBODY, Toolbox
from slipway.links.extra import ENVIRONMENT
from slipway.model.facts import Json, Release
from slipway.model.git.repository import Repository
from slipway.model.schema_facts import HeavyChange
from slipway.model.target import DeployTarget
from slipway.operators.leased import LeasedOperator
from slipway.operators.swap import open_cloud
from slipway.policies.heavy_changes import OnHeavy
from slipway.policies.schema import OnRollBack
from slipway.tasks.consent import check_plan_is_current
from slipway.tasks.naming import container_name, labels
from slipway.tasks.proof.table_sizes import HEAVY_FROM, HeavyTables
from slipway.tasks.retries import no_retry_on_input_error
from slipway.tasks.schema.change import SchemaChange

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.sdk import Context

    from slipway.hooks.docker.engine import ContainerEngine

# Seconds for one run of goose: an environment's database may have much data.
_MIGRATION_TIMEOUT = 3600.0
# Seconds that a run goes on after its longest statement.
_MARGIN = 300.0
# Seconds: as a service may, that migrates its database as it starts; or a killed try's last
# statement, which the server goes on with.
_MIGRATION_PATIENCE = 120.0


class GooseOperator(BaseOperator):
    """What those who run goose share: where the files come from, and cleaning up when killed.

    :param repository: that has the migrations.
    :param directory: where the migrations are, from the repository's top.
    :param env: the variables that ``ENVSUB`` sees.
    :param docker_conn_id: Airflow connection of the container engine.
    """

    ui_color = "#fef3c7"

    def __init__(
        self,
        *,
        repository: Repository,
        directory: str,
        env: Mapping[str, str] | None = None,
        docker_conn_id: str = DEFAULT,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.env = dict(env or {})
        self.repository = repository
        self.directory = directory
        self.docker_conn_id = docker_conn_id
        self._labels: dict[str, str] = {}
        self._engine: ContainerEngine | None = None

    def on_kill(self) -> None:
        """Remove the containers and the network of this task."""
        if self._engine is not None:
            self._engine.remove_labelled(self._labels)

    def _open_engine(self, context: Context) -> ContainerEngine:
        # Kept, because on_kill runs in a signal handler, where Airflow must not be asked.
        self._labels = labels(context)
        self._engine = container_engine(self.docker_conn_id)
        return self._engine

    def _migrations(self, sha: str) -> MigrationFiles:
        return migration_files(self.repository, self.directory, sha)

    def _say(self, line: str) -> None:
        self.log.info("%s", line)

    def _warn(self, line: str) -> None:
        self.log.warning("%s", line)


class GooseMigrateOperator(GooseOperator, LeasedOperator):
    """Bring an environment's database to a release's schema, when it is the run's turn.

    A database that is ahead of the release, on the way back, is left as it is.

    :param target: the environment whose database it is.
    :param release: :class:`slipway.model.facts.Release` as JSON.
    :param repository: that has the migrations.
    :param directory: where the migrations are, from the repository's top.
    :param database_conn_id: Airflow connection of the database.
    :param on_roll_back: :class:`slipway.policies.schema.OnRollBack`: whether the release may meet a
        database that is ahead of it.
    :param lock_timeout: seconds that a statement waits for a lock before it gives up; a file with
        ``NO TRANSACTION`` has no such limit, nor the next.
    :param statement_timeout: seconds that a statement may take; None is as the server has it.
    :param env: the variables that ``ENVSUB`` sees.
    :param heavy: :class:`slipway.policies.heavy_changes.OnHeavy`: what follows where a statement
        keeps others from a large table.
    :param heavy_from: bytes from which on a table is large.
    :param docker_conn_id: Airflow connection of the container engine.
    :param image: :class:`slipway.model.facts.MachineImage` as JSON, which is launched afterwards.
    :returns: :class:`slipway.model.facts.SchemaVersion` as JSON.

    Example::

        migrate = GooseMigrateOperator(
            task_id="migrate",
            target=target,
            release=record["release"],
            repository=Repository(url="https://git.example.com/shop.git"),
            directory="migrations",
            database_conn_id="shop_prod",
        )
    """

    template_fields: Sequence[str] = ("release", "database_conn_id", "image")
    operator_extra_links = ENVIRONMENT

    def __init__(
        self,
        *,
        target: DeployTarget,
        release: Any,
        database_conn_id: str,
        on_roll_back: str = OnRollBack.EXPAND_ONLY,
        lock_timeout: float = 5.0,
        statement_timeout: float | None = None,
        heavy: str = OnHeavy.WARN,
        heavy_from: int = HEAVY_FROM,
        image: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.heavy = OnHeavy(heavy)
        self.heavy_from = heavy_from
        self.statement_timeout = statement_timeout
        self.image = image
        self.target = target
        self.on_roll_back = OnRollBack(on_roll_back)
        self.lock_timeout = lock_timeout
        self.release = release
        self.database_conn_id = database_conn_id

    def work(self, context: Context) -> Json:
        """Migrate.

        :raises AirflowFailException: when a migration or the connection is at fault.
        """
        with no_retry_on_input_error():
            cloud = open_cloud(self.target)
            release = Release.from_json(self.release)
            consent, heavy = None, tuple[HeavyChange, ...]()
            if self.admission is not None:
                record = self.admission.record(release)
                release = record.checkout.release
                heavy = record.schema.heavy if record.schema else ()
                consent = self.admission.consent(context, release)
            planned = partial(check_plan_is_current, cloud.observe, consent, release.version)
            lease = self.acquire_lease(
                context, cloud, self.target, release.version, consent=consent, begin=planned
            )
            planned()
            if consent:
                consent.use_up()
            migrations = self._migrations(release.sha)
            toolbox = self._toolbox(context)
            tables = HeavyTables(
                toolbox=toolbox,
                url=database_url(self.database_conn_id),
                at_least=self.heavy_from,
                policy=self.heavy,
            )
            change = SchemaChange(
                heavy=partial(tables.allowed, heavy, approved=consent is not None),
                goose=self._goose(toolbox, migrations),
                release=release,
                environment=self.target.environment,
                on_roll_back=self.on_roll_back,
                records=SchemaRecords(artifact_store()),
                log=self._say,
                warn=self._warn,
            )
            return change.apply(lease.check).to_json()

    def _toolbox(self, context: Context) -> Toolbox:
        engine = self._open_engine(context)
        engine.remove_labelled(self._labels)
        return Toolbox(
            engine=engine, name=container_name(context, "goose"), labels=self._labels, user=NOBODY
        )

    def _goose(self, toolbox: Toolbox, migrations: MigrationFiles) -> Goose:
        return Goose(
            toolbox=toolbox,
            migrations=migrations,
            url=database_url(self.database_conn_id),
            log=self._say,
            timeout=goose_timeout(self.statement_timeout),
            env=self.env,
            lock_timeout=self.lock_timeout,
            statement_timeout=self.statement_timeout,
            patience=_MIGRATION_PATIENCE,
            connection=self.database_conn_id,
        )


def goose_timeout(statement_timeout: float | None) -> float:
    """Return how long one run of goose may take on an environment's database, in seconds.

    :param statement_timeout: of the project: the run is not over before it is.
    """
    return max(_MIGRATION_TIMEOUT, (statement_timeout or 0.0) + _MARGIN)


def migration_files(repository: Repository, directory: str, sha: str) -> MigrationFiles:
    """Read a commit's migrations.

    :param repository: that has them.
    :param directory: where they are, from the repository's top.
    :param sha: the commit.
    """
    return read_migrations(git_mirror(repository.url, repository.connection), directory, sha)


def read_migrations(mirror: GitMirror, directory: str, sha: str) -> MigrationFiles:
    """Read a commit's migrations out of a mirror.

    :param mirror: that has the commit.
    :param directory: where they are, from the repository's top.
    :param sha: the commit.
    """
    with mirror.archive(sha, directory) as archive:
        return MigrationFiles.from_archive(archive.read(), directory.rstrip("/"))


def database_url(conn_id: str) -> str:
    """Build an environment's database URL, and keep it out of every log.

    :param conn_id: Airflow connection of the database.
    """
    url = postgres_url(BaseHook.get_connection(conn_id))
    mask_secret(url)
    mask_secret(url.split("@")[0].rpartition(":")[2])
    return url
