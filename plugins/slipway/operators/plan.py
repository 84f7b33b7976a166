"""What a deployment would do, for whoever asks or has to approve it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.bases.skipmixin import SkipMixin

from slipway.exceptions import SchemaAhead
from slipway.facts import Json, PublishedPackage
from slipway.fleet.decisions import Wish
from slipway.fleet.traffic import serving_version
from slipway.forecast import forecast
from slipway.operators.failure import explained
from slipway.operators.fleet import open_swap
from slipway.operators.outlook import ImageOutlook, SchemaOutlook
from slipway.operators.run_params import is_dry_run

if TYPE_CHECKING:
    from airflow.sdk import Context

# The XComs: the lines, and the version that is to be replaced.
PLAN, REPLACES = "plan", "replaces"


class PlanOperator(BaseOperator, SkipMixin):
    """Tell what would be baked, migrated, launched, shifted and retired, and change nothing.

    The lines are in the log, and the XCom ``plan``; the XCom ``replaces`` has the version that
    serves now. A dry run ends here: all that follows is
    skipped.

    :param package: :class:`slipway.facts.PublishedPackage` as JSON.
    :param environment: :class:`slipway.fleet.target.FleetTarget` as JSON.
    :param image: looks for the image.
    :param schema: looks at the database; None without migrations.
    :param always: also when the run is no dry run; otherwise the task has nothing to do then.
    """

    inherits_from_skipmixin = True
    template_fields: Sequence[str] = ("package",)
    ui_color = "#e0f2fe"

    def __init__(
        self, *, package: Any, environment: Json, image: ImageOutlook,
        schema: SchemaOutlook | None, always: bool, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(**kwargs)
        self.package = package
        self.environment = environment
        self.image = image
        self.schema = schema
        self.always = always
        self._context: Context | None = None

    def execute(self, context: Context) -> None:
        """Look at everything that the deployment would look at.

        :raises AirflowFailException: when it would stop, as the deployment itself.
        """
        dry = is_dry_run(context)
        if not (dry or self.always):
            self.log.info("nobody asked for a plan; the tasks that follow tell what they do")
            return
        self._context = context
        with explained():
            lines = list(self._lines(context, dry=dry))
        for line in lines:
            self.log.info("%s", line)
        ti: Any = context["ti"]
        ti.xcom_push(key=PLAN, value=lines)
        if dry:
            self.log.info("a dry run: nothing was changed, and the rest is skipped")
            self.skip(ti=ti, tasks=self.get_flat_relatives(upstream=False))

    def on_kill(self) -> None:
        """Remove the container in which goose was asked."""
        if self._context is not None and self.schema is not None:
            self.schema.clean_up(self._context)

    def _lines(self, context: Context, *, dry: bool) -> Iterator[str]:
        package = PublishedPackage.from_json(self.package)
        image, words = self.image.look(package)
        swap = open_swap(self.environment, image.to_json(), self.log.info)
        swap.check()
        fleet = swap.observe(Wish.OLD_RETIRED)  # the wish that takes the closest look
        replaced = serving_version(fleet) or ""
        context["ti"].xcom_push(key=REPLACES, value=replaced)
        yield f"release: {package.release.version}, in place of {replaced or 'none'}"
        yield f"image: {words}"
        if self.schema is not None:
            yield f"schema: {self._schema(package, context, dry=dry)}"
        for number, step in enumerate(forecast(swap, fleet), start=1):
            yield f"{number}. {step.said}"

    def _schema(self, package: PublishedPackage, context: Context, *, dry: bool) -> str:
        schema: Any = self.schema
        try:
            return str(schema.look(package.release, context, self.log.info))
        except SchemaAhead as error:
            if not dry:
                raise
            return f"the deployment would stop here: {error.message}"
