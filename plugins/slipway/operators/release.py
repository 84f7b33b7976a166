"""Where a release enters the catalogue, and where a finished swap is remembered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from slipway.exceptions import NothingRan, ReleaseAltered
from slipway.facts import (
    Checkout,
    Json,
    PublishedPackage,
    Release,
    SchemaVersion,
    TestReport,
    something_passed,
)
from slipway.hooks.artifact_store import artifact_store
from slipway.hooks.deployment_history import DeploymentHistory
from slipway.hooks.release_catalogue import ReleaseCatalogue, ReleaseRecord
from slipway.inert import visible
from slipway.operators.consent import Admission
from slipway.operators.failure import explained

if TYPE_CHECKING:
    from airflow.sdk import Context


class RecordReleaseOperator(BaseOperator):
    """Enter a release that passed into the catalogue.

    :param checkout: :class:`slipway.facts.Checkout`.
    :param package: :class:`slipway.facts.PublishedPackage`.
    :param tests: :class:`slipway.facts.TestReport`.
    :param schema: :class:`slipway.facts.SchemaVersion`, None without migrations.
    :returns: the :class:`ReleaseRecord` as JSON, and its ``release``, each key an XCom.
    """

    template_fields: Sequence[str] = ("checkout", "package", "tests", "schema")
    ui_color = "#dcfce7"

    def __init__(
        self, *, checkout: Any, package: Any, tests: Any, schema: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(**{"multiple_outputs": True, **kwargs})
        self.checkout = checkout
        self.package = package
        self.tests = tests
        self.schema = schema

    def execute(self, context: Context) -> Json:
        """Write the record; writing it again changes nothing.

        :raises AirflowFailException: when nothing of its pipeline ran and passed, or what passed,
            was packaged and was checked out is not one release.
        """
        tests = TestReport.from_json(self.tests)
        with explained():
            if not something_passed(tests.steps):
                msg = f"no step ran and passed for {tests.release.version}: it is no release"
                raise NothingRan(msg, advice="run the task `test` again")
        record = ReleaseRecord(
            checkout=Checkout.from_json(self.checkout),
            package=PublishedPackage.from_json(self.package),
            tests=tests,
            schema=SchemaVersion.from_json(self.schema) if self.schema else None,
        )
        with explained():
            _require_one_release(record, tests)
            ReleaseCatalogue(artifact_store()).record(record)
        self.log.info("%s can be deployed anywhere now", record.checkout.release.version)
        return parts(record)


def _require_one_release(record: ReleaseRecord, tests: TestReport) -> None:
    """Make sure that a commit's tests do not vouch for another one's package.

    :raises ReleaseAltered: naming what was told.
    """
    told = (record.checkout.release, tests.release, record.package.release)
    if len(set(told)) > 1:
        commits = [f"{one.version} ({one.sha[:7]})" for one in told]
        msg = "checked out was {}, tested {}, and packaged {}".format(*map(visible, commits))
        advice = "somebody edited what the tasks told each other: trigger a new run"
        raise ReleaseAltered(msg, advice=advice)


class RecordDeploymentOperator(BaseOperator):
    """Remember that a release serves an environment, for the way back.

    :param release: :class:`slipway.facts.Release` as JSON.
    :param environment: the environment's name.
    :param admission: what it lets in; None lets everything in.
    """

    template_fields: Sequence[str] = ("release",)
    ui_color = "#dcfce7"

    def __init__(
        self, *, release: Any, environment: str, admission: Admission | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.release = release
        self.environment = environment
        self.admission = admission

    def execute(self, context: Context) -> None:
        """Write the entry; a second one of the same release changes nothing."""
        release = Release.from_json(self.release)
        with explained():
            if self.admission is not None:
                release = self.admission.record(release).checkout.release
                self.admission.consent(context, release)
            history = DeploymentHistory(artifact_store())
            history.record(release, self.environment, run_id=context["ti"].run_id)
        self.log.info("%s serves %s", release.version, self.environment)


def parts(record: ReleaseRecord) -> Json:
    """Spread a record over XComs: a later task asks for the part that it needs.

    :param record: of the release.
    """
    return {**record.to_json(), "release": record.checkout.release.to_json()}
