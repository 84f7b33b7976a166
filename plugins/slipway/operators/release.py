"""Where a release enters the catalogue, and where it is taken out again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from slipway.facts import Checkout, Json, PublishedPackage, SchemaVersion, TestReport
from slipway.hooks.artifact_store import artifact_store
from slipway.hooks.release_catalogue import ReleaseCatalogue, ReleaseRecord
from slipway.operators.failure import explained

if TYPE_CHECKING:
    from airflow.sdk import Context

NEWEST = "newest"


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
        """Write the record; writing it again changes nothing."""
        record = ReleaseRecord(
            checkout=Checkout.from_json(self.checkout),
            package=PublishedPackage.from_json(self.package),
            tests=TestReport.from_json(self.tests),
            schema=SchemaVersion.from_json(self.schema) if self.schema else None,
        )
        ReleaseCatalogue(artifact_store()).record(record)
        self.log.info("%s can be deployed anywhere now", record.checkout.release.version)
        return _parts(record)


class ChooseReleaseOperator(BaseOperator):
    """Take a release out of the catalogue.

    :param project: the project's name.
    :param version: a version, the start of a sha, or ``newest``.
    :returns: the :class:`ReleaseRecord` as JSON, and its ``release``, each key an XCom.
    """

    template_fields: Sequence[str] = ("version",)
    ui_color = "#dbeafe"

    def __init__(self, *, project: str, version: str, **kwargs: Any) -> None:
        super().__init__(**{"multiple_outputs": True, **kwargs})
        self.project = project
        self.version = version

    def execute(self, context: Context) -> Json:
        """Find the release; an unknown one fails for good, naming what there is."""
        with explained():
            record = self._find(ReleaseCatalogue(artifact_store()), self.version.strip())
        release = record.checkout.release
        subject = record.checkout.message.splitlines()[0] if record.checkout.message else ""
        self.log.info("%s (%s): %s", release.version, release.sha, subject)
        return _parts(record)

    def _find(self, catalogue: ReleaseCatalogue, version: str) -> ReleaseRecord:
        if version in ("", NEWEST):
            return catalogue.newest(self.project)
        return catalogue.find(self.project, version)


def _parts(record: ReleaseRecord) -> Json:
    """Spread a record over XComs: a later task asks for the part that it needs."""
    return {**record.to_json(), "release": record.checkout.release.to_json()}
