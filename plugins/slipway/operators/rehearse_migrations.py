"""Step 3: rehearse a commit's migrations."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from slipway.hooks.migrations.migration_files import MigrationFiles
from slipway.hooks.migrations.rehearsal_records import RehearsalRecords
from slipway.hooks.store.artifacts import artifact_store
from slipway.model.facts import Checkout, Json
from slipway.model.proof_settings import OnBroken, ProofSettings
from slipway.model.target import DeployTarget
from slipway.operators.migrations import GooseOperator, read_migrations
from slipway.operators.swap import open_cloud
from slipway.policies.heavy_changes import describe
from slipway.policies.schema import Rehearse
from slipway.tasks.kept_facts import CHECKOUT, forget_fact, keep_fact, run_facts, same_as_kept
from slipway.tasks.making_way.side_by_side import SideBySide
from slipway.tasks.naming import container_name
from slipway.tasks.proof.live_proof import MigrationProof
from slipway.tasks.proof.live_releases import Serving
from slipway.tasks.proposals.source import commit_mirror
from slipway.tasks.retries import no_retry_on_input_error
from slipway.tasks.schema.rehearsal import Rehearsal
from slipway.tasks.schema.rehearsed_before import RehearsedBefore
from slipway.tasks.schema.starts import schema_starts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context

    from slipway.model.facts import SchemaVersion
    from slipway.tasks.schema.starts import SchemaStart


class GooseRehearseOperator(GooseOperator):
    """Run the migrations on a fresh Postgres, as its database's owner, from where they will start.

    Where the environments' databases stand is on record: each such state is made with the files of
    then, and the commit's go up from there, down to it, and up again. Where all of that was so for
    an earlier commit, within a day, what was seen then counts.

    :param checkout: :class:`slipway.model.facts.Checkout` as JSON.
    :param repository: that has the migrations.
    :param directory: where the migrations are, from the repository's top.
    :param postgres: Postgres' major version.
    :param environments: names of the project's environments.
    :param extensions: made beforehand, as whoever runs production's server would.
    :param image: of Postgres, where the usual one lacks what the migrations need.
    :param roles: made beforehand, as they are on production's server.
    :param env: the variables that ``ENVSUB`` sees.
    :param rehearse: :class:`slipway.policies.schema.Rehearse`: whether the way down is rehearsed.
    :param targets: each environment that the commit may reach: what serves there is tried on the
        migrated schema.
    :param proof: how that is tried; None tries nothing.
    :param docker_conn_id: Airflow connection of the container engine.
    :returns: :class:`slipway.model.facts.SchemaVersion` as JSON.

    Example::

        rehearse = GooseRehearseOperator(
            task_id="rehearse_migrations",
            checkout=checkout.output,
            repository=Repository(url="https://git.example.com/shop.git"),
            directory="migrations",
            postgres=15,
            environments=("dev", "prod"),
        )
    """

    template_fields: Sequence[str] = ("checkout",)

    def __init__(
        self,
        *,
        checkout: Any,
        postgres: int,
        environments: Sequence[str] = (),
        extensions: Sequence[str] = (),
        image: str = "",
        roles: Sequence[str] = (),
        rehearse: str = Rehearse.UP_DOWN_UP,
        targets: Sequence[DeployTarget] = (),
        proof: ProofSettings | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.targets = list(targets)
        self.proof = proof
        self.checkout = checkout
        self.environments = tuple(environments)
        self.extensions = tuple(extensions)
        self.image = image
        self.roles = tuple(roles)
        self.rehearse = Rehearse(rehearse)
        self.postgres = postgres

    def execute(self, context: Context) -> Json:
        """Rehearse.

        :raises AirflowFailException: when a migration is at fault, naming file and direction, or a
            release that serves does not work on the migrated schema, naming its query.
        """
        with SideBySide(self, context), no_retry_on_input_error():
            forget_fact(context)
            checkout = same_as_kept(context, CHECKOUT, Checkout.from_json(self.checkout))
            mirror = commit_mirror(context, checkout, self.repository)
            migrations = read_migrations(mirror, self.directory, checkout.files)
            starts = schema_starts(
                artifact_store(),
                checkout.release.project,
                self.environments,
                self._migrations,
                self._warn,
            )
            rehearsal = Rehearsal(
                engine=self._open_engine(context),
                labels=self._labels,
                postgres=self.postgres,
                database=container_name(context, "postgres"),
                goose=container_name(context, "goose"),
                extensions=self.extensions,
                image=self.image,
                roles=self.roles,
                env=self.env,
                rehearse=self.rehearse,
                log=self._say,
            )
            schema = self._rehearsed(context, checkout, rehearsal, migrations, starts)
            for change in schema.heavy:
                # What serves has met the older ones.
                if any(one.version and change.version > one.schema for one in schema.proofs):
                    self._warn(describe(change))
            return keep_fact(context, checkout.release, schema.to_json(), of=checkout)

    def _rehearsed(
        self,
        context: Context,
        checkout: Checkout,
        rehearsal: Rehearsal,
        migrations: MigrationFiles,
        starts: Sequence[SchemaStart],
    ) -> SchemaVersion:
        """Rehearse what was not rehearsed just so before."""
        proof = self._proof(context, rehearsal)
        serving = proof.look(self.targets) if proof else Serving()
        before = RehearsedBefore(
            records=RehearsalRecords(artifact_store()),
            checkout=checkout,
            rehearsal=rehearsal,
            migrations=migrations,
            starts=starts,
            proof=proof,
            serving=serving,
            log=self._say,
        )
        in_a_run = run_facts(context) is not None  # nobody signs anything outside of one
        if in_a_run and (known := before.recall(anew=_is_again(context))):
            rehearsal.look(migrations, starts)
            return known
        prove = partial(proof.of_what_serves, migrations, serving) if proof else None
        schema = replace(rehearsal, prove=prove).run(migrations, starts)
        if in_a_run:
            before.keep(schema)
        return schema

    def _proof(self, context: Context, rehearsal: Rehearsal) -> MigrationProof | None:
        settings = self.proof
        if settings is None or settings.mode is OnBroken.OFF:
            return None
        return MigrationProof(
            engine=rehearsal.engine,
            name=container_name(context, "proof"),
            labels=self._labels,
            settings=settings,
            goose=rehearsal.goose_for,
            files=cache(self._migrations),  # asked for each release, and again for its trial
            open_cloud=open_cloud,
            log=self._say,
            warn=self._warn,
        )


def _is_again(context: Context) -> bool:
    """Tell whether a task is tried again, or was cleared by somebody who wants it done anew."""
    ti: Any = context["ti"]
    return int(ti.try_number) > 1
