"""Step 2: run the commit's own pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from slipway.exceptions import StepTimedOut, TestsFailed
from slipway.facts import Checkout, Json, TestReport
from slipway.hooks.docker_connection import DEFAULT, container_engine
from slipway.hooks.git_connection import git_mirror
from slipway.operators.failure import explained
from slipway.operators.identity import container_name, labels
from slipway.pipeline.compiler import Build, compile_pipeline
from slipway.pipeline.load import load
from slipway.pipeline.log_groups import LogGroups
from slipway.pipeline.runner import Runner
from slipway.pipeline.step_table import step_table
from slipway.pipeline.variables import build_variables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context

    from slipway.pipeline.result import PipelineResult
    from slipway.pipeline.spec import PipelineSpec


class PipelineTestOperator(BaseOperator):
    """Run a commit's ``.drone.yml`` in containers.

    :param checkout: :class:`slipway.facts.Checkout` as JSON.
    :param url: the repository.
    :param connection: Airflow connection with the repository's credentials.
    :param pipeline_file: where the pipeline is, from the repository's top.
    :param images: image names in the pipeline and what is used in their place.
    :param timeout_seconds: for the whole pipeline.
    :param trusted: the project may use privileged containers and the like.
    :param docker_conn_id: Airflow connection of the container engine.
    :returns: :class:`slipway.facts.TestReport` as JSON.
    """

    template_fields: Sequence[str] = ("checkout",)
    ui_color = "#dcfce7"

    def __init__(
        self,
        *,
        checkout: Any,
        url: str,
        connection: str | None = None,
        pipeline_file: str = ".drone.yml",
        images: dict[str, str] | None = None,
        timeout_seconds: float = 1800.0,
        trusted: bool = False,
        docker_conn_id: str = DEFAULT,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.checkout = checkout
        self.url = url
        self.connection = connection
        self.pipeline_file = pipeline_file
        self.images = images or {}
        self.timeout_seconds = timeout_seconds
        self.trusted = trusted
        self.docker_conn_id = docker_conn_id
        self._runner: Runner | None = None

    def execute(self, context: Context) -> Json:
        """Run the pipeline.

        :raises AirflowFailException: when the file has mistakes, or a step failed.
        """
        with explained():
            checkout = Checkout.from_json(self.checkout)
            mirror = git_mirror(self.url, self.connection)
            sha = checkout.release.sha
            spec = self._compile(mirror.read(sha, self.pipeline_file), checkout, context)
            self._runner = Runner(
                container_engine(self.docker_conn_id), spec, output=LogGroups(self._say),
                timeout=self.timeout_seconds,
            )  # fmt: skip
            result = self._run(self._runner, mirror.archive(sha))
            for row in step_table(result.steps):
                self._say(row)
            result.raise_for_failure()
        report = TestReport(release=checkout.release, seconds=result.seconds, steps=result.steps)
        return report.to_json()

    def _run(self, runner: Runner, sources: bytes) -> PipelineResult:
        """Run, and take a pipeline that never ends for a mistake of the commit's."""
        try:
            return runner.run(sources)
        except StepTimedOut as error:
            raise TestsFailed(error.message, advice=error.advice) from error

    def on_kill(self) -> None:
        """Remove the containers, the network and the workspace of this task."""
        if self._runner is not None:
            self._runner.stop()

    def _compile(self, data: bytes | None, checkout: Checkout, context: Context) -> PipelineSpec:
        build = Build(
            id=container_name(context), labels=labels(context), images=self.images,
            variables=build_variables(checkout), trusted=self.trusted,
        )  # fmt: skip
        pipeline = load(data, file=self.pipeline_file, trusted=self.trusted)
        return compile_pipeline(pipeline, build)

    def _say(self, line: str) -> None:
        self.log.info("%s", line)
