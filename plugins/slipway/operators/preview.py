"""What baking and migrating would do, asked without doing it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from slipway.exceptions import MachineImageRefused, ReleaseNotFound
from slipway.hooks.apt.index import ANY
from slipway.hooks.aws.connection import aws_client
from slipway.hooks.aws.machine_images import ImageCatalogue
from slipway.hooks.docker.connection import DEFAULT, container_engine
from slipway.hooks.migrations.goose import Goose
from slipway.hooks.migrations.schema_records import SchemaRecords
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.image_records import ImageRecord
from slipway.hooks.store.releases import ReleaseCatalogue
from slipway.hooks.tools.toolbox import NOBODY, Toolbox
from slipway.model.edition import is_later
from slipway.model.facts import MachineImage, PublishedPackage, Release
from slipway.model.git.repository import Repository
from slipway.model.schema_facts import HeavyChange
from slipway.operators.migrations import database_url, migration_files
from slipway.policies.heavy_changes import OnHeavy
from slipway.policies.schema import OnRollBack
from slipway.tasks.editions.images import layers_as_chosen
from slipway.tasks.editions.kept import kept_image, noted
from slipway.tasks.images.layers import Layers
from slipway.tasks.images.search import Found, baked_before, known_images, machine_image
from slipway.tasks.naming import container_name, labels
from slipway.tasks.proof.table_sizes import HEAVY_FROM, HeavyTables
from slipway.tasks.schema.change import SchemaChange

if TYPE_CHECKING:
    from airflow.sdk import Context

# Seconds to ask a database for its version.
_TIMEOUT = 60.0
_NOT_YET = "an image that is still to be baked"


@dataclass(frozen=True, kw_only=True)
class ImageOutlook:
    """Whether an image is there, or what would be baked.

    :param layers: of the project, in the environment's region.
    :param aws_conn_id: Airflow connection of the account.
    :param environment: whose editions are looked up; none where it is empty.
    """

    layers: Layers
    aws_conn_id: str
    environment: str = ""

    def look(self, package: PublishedPackage) -> tuple[MachineImage, str]:
        """Return the release's image, without an id that exists if it is not there, and a line.

        :param package: of the release.
        """
        region = self.layers.region
        catalogue = ImageCatalogue(aws_client(self.aws_conn_id, region, "ec2"))
        images = known_images(catalogue, region)
        if self.environment and (kept := kept_image(images, package, self.environment)):
            return kept, f"uses {kept.name} ({kept.image_id}), which it had before"
        later = is_later(package.release.version)
        layers = self._chosen_layers(catalogue, package) if later else self.layers
        found = Found() if later else baked_before(images, package, layers.machine)
        if found.record:
            return _used(found.record, package)
        base = layers.base(catalogue, "plan")
        there = images.find(base.tags, None).record
        base_image = there.image_id if there else ""
        app = layers.app(package, base_image, "plan", layers.key(package))
        if same := images.find(app.tags, package.release).record:
            return _used(same, package)
        image = MachineImage(
            release=package.release,
            image_id=_NOT_YET,
            name=app.image_name,
            base_image_id=base_image,
            deb_sha256=package.digest,
            playbook_hash=app.tags["slipway:playbook"],
            region=region,
        )
        ground = base_image or f"a base layer that is baked first, from {base.source_image}"
        return image, "; ".join([f"bakes {app.image_name} on {ground}", *found.refused])

    def _chosen_layers(self, catalogue: ImageCatalogue, package: PublishedPackage) -> Layers:
        """Return the layers of an edition as it was chosen, if it can still be made so."""
        release = package.release
        chosen = noted(release.project, self.environment, release.version)
        return layers_as_chosen(self.layers, chosen, catalogue, package)

    def chosen(self, package: PublishedPackage) -> PublishedPackage:
        """Return the package for these machines, of those that a release has.

        Where there is none, which is what :meth:`look` says, it is one that says nothing of them.

        :param package: of the release.
        """
        try:
            return self.layers.package(package)
        except MachineImageRefused:
            return replace(package, architecture=ANY)

    def unbaked(self, package: PublishedPackage) -> MachineImage:
        """Return an image that is not there, where nobody can say what it would be made of.

        :param package: of the release.
        """
        image = MachineImage.unbaked(package.release, region=self.layers.region)
        return replace(image, image_id=_NOT_YET, deb_sha256=package.digest)


@dataclass(frozen=True, kw_only=True)
class SchemaOutlook:
    """What goose would apply to an environment's database.

    :param repository: that has the migrations.
    :param directory: where the migrations are, from the repository's top.
    :param database_conn_id: Airflow connection of the database.
    :param on_roll_back: whether a release may meet a database that is ahead of it.
    :param environment: the environment's name.
    :param env: the variables that ``ENVSUB`` sees.
    :param heavy: what follows where a statement keeps others from a large table.
    :param heavy_from: bytes from which on a table is large.
    :param docker_conn_id: Airflow connection of the container engine.
    """

    repository: Repository
    directory: str
    database_conn_id: str
    on_roll_back: OnRollBack = OnRollBack.EXPAND_ONLY
    environment: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    heavy: OnHeavy = OnHeavy.WARN
    heavy_from: int = HEAVY_FROM
    docker_conn_id: str = DEFAULT

    def look(self, release: Release, context: Context, log: Callable[[str], None]) -> str:
        """Return a line about the database; it is only ever read.

        :param release: whose migrations they are.
        :param context: the task's.
        :param log: receives what else there is to say.
        :raises SchemaAhead: when the database is ahead, and the project says ``stop``.
        :raises MigrationFailed: when a file would be refused, or would find an index in its way.
        :raises HeavyMigration: when the project says ``stop`` to what it would do.
        """
        migrations = migration_files(self.repository, self.directory, release.sha)
        engine = container_engine(self.docker_conn_id)
        engine.remove_labelled(labels(context))
        toolbox = Toolbox(
            engine=engine,
            name=container_name(context, "goose"),
            labels=labels(context),
            user=NOBODY,
        )
        goose = Goose(
            toolbox=toolbox,
            migrations=migrations,
            url=database_url(self.database_conn_id),
            log=log,
            timeout=_TIMEOUT,
            env=self.env,
            connection=self.database_conn_id,
        )
        tables = HeavyTables(
            toolbox=toolbox,
            url=database_url(self.database_conn_id),
            at_least=self.heavy_from,
            policy=self.heavy,
        )
        return SchemaChange(
            # Whoever is asked reads this first.
            heavy=partial(tables.allowed, _heavy(release), approved=True),
            goose=goose,
            release=release,
            environment=self.environment,
            on_roll_back=self.on_roll_back,
            records=SchemaRecords(artifact_store()),
            log=log,
            warn=lambda line: log(f"warning: {line}"),
        ).forecast()

    def clean_up(self, context: Context) -> None:
        """Remove what a killed look left in the container engine.

        :param context: the task's.
        """
        container_engine(self.docker_conn_id).remove_labelled(labels(context))


def _used(record: ImageRecord, package: PublishedPackage) -> tuple[MachineImage, str]:
    image = machine_image(record, package, reused=True)
    return image, f"uses {image.name} ({image.image_id}), which is there"


def known(image: MachineImage) -> str:
    """Return the id of an image that is there; nothing for one that is still to be baked.

    :param image: as :class:`ImageOutlook` gives it.
    """
    return "" if image.image_id == _NOT_YET else image.image_id


def _heavy(release: Release) -> tuple[HeavyChange, ...]:
    """Return what keeps others from a table, as far as the release's rehearsal saw that."""
    try:
        record = ReleaseCatalogue(artifact_store()).find(release.project, release.version)
    except ReleaseNotFound:
        return ()
    return record.schema.heavy if record.schema else ()
