"""Before a deployment's first change: is there everything that it will need?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from slipway.links.extra import ENVIRONMENT
from slipway.model.facts import PublishedPackage
from slipway.operators.preflight_look import Preflight, require
from slipway.tasks.consent import Admission
from slipway.tasks.controls.allowed import require_open
from slipway.tasks.making_way.side_by_side import SideBySide
from slipway.tasks.retries import no_retry_on_input_error

if TYPE_CHECKING:
    from airflow.sdk import Context


class PreflightOperator(BaseOperator):
    """Look at everything that a deployment will need, while the image is baked, and change nothing.

    Balancer and listener, subnets, security groups, image, instance type, profile, quotas, rights,
    parameters and their keys, alarms, the apt repository, the database and its role's rights. What
    is missing or wrong is told all at once, each with the nearest right name. What the connection's
    role may not see is told as not checked.

    :param package: :class:`slipway.model.facts.PublishedPackage` as JSON.
    :param preflight: looks.
    :param admission: of the environment; the package is the catalogue's then.

    Example::

        ready = PreflightOperator(
            task_id="preflight",
            package=record["package"],
            preflight=Preflight(
                target=target, image=outlook, parameters=("DATABASE_URL",), schema=None
            ),
        )
    """

    template_fields: Sequence[str] = ("package",)
    ui_color = "#e0f2fe"
    operator_extra_links = ENVIRONMENT

    def __init__(
        self,
        *,
        package: Any,
        preflight: Preflight,
        admission: Admission | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.package = package
        self.preflight = preflight
        self.admission = admission
        self._context: Context | None = None

    def execute(self, context: Context) -> None:
        """Look.

        :raises AirflowFailException: when something is missing or wrong, or somebody held, stopped
            or rejected what would be deployed.
        :raises AirflowSkipException: likewise, for a commit that nobody deploys by hand.
        :raises DatabaseUnavailable: when another try may help.
        """
        self._context = context
        with SideBySide(self, context), no_retry_on_input_error():
            package = PublishedPackage.from_json(self.package)
            if self.admission is not None:
                package = self.admission.record(package.release, package.digest).package
                version, skip = package.release.version, self.admission.skips
                require_open(context, self.admission, version, skip=skip)
            findings = self.preflight.look(package, context, self.log.info)
            require(findings, self.preflight.target, package.release)
        self.log.info("everything is there that %s needs", package.release.version)

    def on_kill(self) -> None:
        """Remove the container in which the database was asked."""
        if self._context is not None:
            self.preflight.clean_up(self._context)
