"""Where a release enters the catalogue, and where a finished swap is remembered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from slipway.hooks.apt.connection import apt_repository
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.deployments import DeploymentHistory
from slipway.hooks.store.releases import ReleaseCatalogue, ReleaseRecord
from slipway.links.extra import RELEASE
from slipway.model.facts import Json, Release
from slipway.tasks.board.housekeeping import Listed, show_release
from slipway.tasks.consent import Admission
from slipway.tasks.outcomes import note_succeeded
from slipway.tasks.own_swap import require_finished
from slipway.tasks.release_facts import ReleaseFacts
from slipway.tasks.retries import no_retry_on_input_error

if TYPE_CHECKING:
    from airflow.sdk import Context


class RecordReleaseOperator(BaseOperator):
    """Enter a release that passed into the catalogue.

    What the release is made of is what the tasks of this very run signed
    (:mod:`slipway.tasks.kept_facts`); the XComs are there for the arrows alone.

    :param project: whose releases these are.
    :param checkout: :class:`slipway.model.facts.Checkout`.
    :param package: :class:`slipway.model.facts.PublishedPackage`.
    :param tests: :class:`slipway.model.facts.TestReport`.
    :param schema: :class:`slipway.model.facts.SchemaVersion`, None without migrations.
    :param apt_conn_id: the repository that the package must be in.
    :param environments: where it can be deployed, for the board; the first release shows them.
    :returns: the :class:`ReleaseRecord` as JSON, and its ``release``, each key an XCom.

    Example::

        record = RecordReleaseOperator(
            task_id="record_release",
            project="shop",
            checkout=checkout.output,
            package=publish.output,
            tests=test.output,
        )
    """

    template_fields: Sequence[str] = ("checkout", "package", "tests", "schema")
    ui_color = "#dcfce7"
    operator_extra_links = RELEASE

    def __init__(
        self,
        *,
        project: str,
        checkout: Any,
        package: Any,
        tests: Any,
        schema: Any = None,
        apt_conn_id: str = "slipway_apt",
        environments: Mapping[str, Listed] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"multiple_outputs": True, **kwargs})
        self.project = project
        self.checkout = checkout
        self.package = package
        self.tests = tests
        self.schema = schema
        # Known when the DAG is built: an XCom that was taken away leaves nothing out.
        self.rehearsed = schema is not None
        self.apt_conn_id = apt_conn_id
        self.environments = dict(environments or {})

    def execute(self, context: Context) -> Json:
        """Write the record; writing it again changes nothing.

        :raises AirflowFailException: when a task signed nothing in this run, nothing of its
            pipeline ran and passed, or what passed, was built, was published and was checked out
            is not one release of this project.
        """
        with no_retry_on_input_error():
            made = ReleaseFacts.of_run(context, rehearsed=self.rehearsed)
            made.require_one_release(self.project)
            made.require_tested()
            made.require_built()
            made.require_published(apt_repository(self.apt_conn_id))
            ReleaseCatalogue(artifact_store()).record(made.record)
        show_release(self.project, self.environments)
        self.log.info("%s can be deployed anywhere now", made.record.checkout.release.version)
        return parts(made.record)


class RecordDeploymentOperator(BaseOperator):
    """Remember that a release serves an environment, for the way back.

    :param release: :class:`slipway.model.facts.Release` as JSON.
    :param environment: the environment's name.
    :param admission: what it lets in: releases of the project that are in the catalogue.

    Example::

        remember = RecordDeploymentOperator(
            task_id="record_deployment",
            release=record["release"],
            environment="prod",
            admission=Admission(project="shop", environment="prod", asks=True),
        )
    """

    template_fields: Sequence[str] = ("release",)
    ui_color = "#dcfce7"

    def __init__(
        self, *, release: Any, environment: str, admission: Admission, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.release = release
        self.environment = environment
        self.admission = admission

    def execute(self, context: Context) -> None:
        """Write the entry; a second one of the same release changes nothing.

        :raises AirflowFailException: when the run has not brought the release into service.
        """
        release = Release.from_json(self.release)
        with no_retry_on_input_error():
            release = self.admission.record(release).checkout.release
            self.admission.consent(context, release)
            require_finished(context, release.version)
            history = DeploymentHistory(artifact_store())
            history.record(release, self.environment, run_id=context["ti"].run_id)
            note_succeeded(context, release, self.environment)
        self.log.info("%s serves %s", release.version, self.environment)


def parts(record: ReleaseRecord) -> Json:
    """Spread a record over XComs: a later task asks for the part that it needs.

    :param record: of the release.
    """
    return {**record.to_json(), "release": record.checkout.release.to_json()}
