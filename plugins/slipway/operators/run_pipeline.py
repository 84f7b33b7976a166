"""Step 2: run the commit's own pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from airflow.sdk import BaseOperator
from airflow.sdk.configuration import conf

from slipway.exceptions import NothingRan, StepTimedOut, TestsFailed
from slipway.hooks.disk_queue import Spill
from slipway.hooks.docker.connection import DEFAULT, container_engine, registry_login
from slipway.hooks.docker.leftovers import tidied
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.build_numbers import BuildNumbers
from slipway.hooks.temporary_file import spool
from slipway.model.cache import CachedPath
from slipway.model.facts import Checkout, Json, Release, TestCounts, TestReport
from slipway.model.git.large_files import LargeFiles
from slipway.model.git.repository import Repository
from slipway.pipeline.compiler.compiler import Build, compile_file
from slipway.pipeline.compiler.variables import build_variables, event_of
from slipway.pipeline.lint.image_rules import ImageRules
from slipway.pipeline.lint.privileged_plugins import PrivilegedPlugins
from slipway.pipeline.load import load
from slipway.pipeline.runtime.build_runner import BuildRunner, Worker
from slipway.pipeline.runtime.inputs import Given
from slipway.pipeline.runtime.log_groups import LogGroups
from slipway.pipeline.runtime.step_table import step_table
from slipway.pipeline.yaml.missing_file import OTHERS
from slipway.tasks.built_files import owner_of
from slipway.tasks.kept_facts import CHECKOUT, forget_fact, keep_fact, same_as_kept
from slipway.tasks.making_way.side_by_side import SideBySide
from slipway.tasks.naming import container_name, labels
from slipway.tasks.pipeline.caches import pipeline_caches
from slipway.tasks.pipeline.secrets import pipeline_secrets
from slipway.tasks.pipeline.share import NoStepRan, Part, Share, Work
from slipway.tasks.proposals.source import commit_mirror
from slipway.tasks.retries import no_retry_on_input_error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context

    from slipway.hooks.git.mirror import GitMirror
    from slipway.pipeline.compiler.spec import BuildSpec
    from slipway.pipeline.runtime.result import BuildResult

# Lines that make one record of Airflow's log where they come in a burst: it takes some 15,000
# records a second. The UI shows each line as a line.
TOGETHER = 200


class RunPipelineOperator(BaseOperator):
    """Run a commit's ``.drone.yml`` in containers.

    :param checkout: :class:`slipway.model.facts.Checkout` as JSON; a kind of pipeline that finds
        its commit by itself (:meth:`commit`) has none.
    :param repository: that the commit is in.
    :param submodules: connections of submodules (:func:`slipway.hooks.git.connection.git_mirror`).
    :param lfs: a :class:`slipway.model.git.large_files.LargeFiles`.
    :param pipeline_file: where the pipeline is, from the repository's top.
    :param images: image names in the pipeline and what is used in their place.
    :param secrets: its names in the pipeline -> :func:`slipway.hooks.secrets.read_secrets`.
    :param node: labels of the workers, which the pipeline's ``node`` may ask for.
    :param reports: files and folders with JUnit reports, from the workspace's top.
    :param timeout_seconds: for the whole file.
    :param trusted: the project may use privileged containers and the like.
    :param strict: what Drone passes over in silence in the pipeline file is a mistake.
    :param registries: hosts that images may come from; empty is all.
    :param allowed_images: patterns of images that may be used; empty is all.
    :param registry_login: images may be pulled with the login of the engine's connection.
    :param docker_conn_id: Airflow connection of the container engine.
    :param built: paths of what goes from the workspace into the package.
    :param built_by: the pipeline whose workspace it is; the only one of the file when None.
    :param part: which of the file's pipelines this task runs.
    :param first: what the task that runs the first half returned.
    :param caches: folders that runs hand on (:class:`slipway.model.cache.CachedPath` as JSON).
    :param numbers: whose build numbers are used; the project's when empty.
    :returns: :class:`slipway.model.facts.TestReport` as JSON.

    Example::

        test = RunPipelineOperator(
            task_id="test",
            checkout=checkout.output,
            repository=Repository(url="https://git.example.com/shop.git"),
            images={"python:3.11": "registry.example.com/python:3.11"},
            secrets={"TOKEN": "shop_ci:token"},
        )
    """

    template_fields: Sequence[str] = ("checkout", "first")
    ui_color = "#dcfce7"

    def __init__(
        self,
        *,
        checkout: Any = None,
        repository: Repository,
        submodules: dict[str, str] | None = None,
        lfs: str = LargeFiles.FETCH.value,
        pipeline_file: str = ".drone.yml",
        images: dict[str, str] | None = None,
        secrets: dict[str, str] | None = None,
        node: dict[str, str] | None = None,
        reports: Sequence[str] = (),
        timeout_seconds: float = 1800.0,
        trusted: bool = False,
        strict: bool = False,
        registries: Sequence[str] = (),
        allowed_images: Sequence[str] = (),
        registry_login: bool = False,
        docker_conn_id: str = DEFAULT,
        built: Sequence[str] = (),
        built_by: str | None = None,
        part: Part = Part.WHOLE,
        first: Any = None,
        numbers: str = "",
        caches: Sequence[Json] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.checkout = checkout
        self.numbers = numbers
        self.repository = repository
        self.submodules = submodules or {}
        self.lfs = lfs
        self.pipeline_file = pipeline_file
        self.images = images or {}
        self.secrets = secrets or {}
        self.node = node or {}
        self.reports = tuple(reports)
        self.timeout_seconds = timeout_seconds
        self.trusted, self.strict = trusted, strict
        self.registries = tuple(registries)
        self.allowed_images = tuple(allowed_images)
        self.registry_login = registry_login
        self.docker_conn_id = docker_conn_id
        self.share = Share(part=part, paths=tuple(built), pipeline=built_by)
        self.first = first
        self.caches = [CachedPath.from_json(one) for one in caches]
        # What the pipeline's reports came to, also where it failed.
        self.counts: TestCounts | None = None
        self._runner: BuildRunner | None = None

    def execute(self, context: Context) -> Json:
        """Run the pipeline.

        :raises AirflowFailException: when the file has mistakes, or a step failed.
        :raises AirflowSkipException: when no step was meant for this commit: there is no release
            then, and what follows is skipped as well.
        """
        with SideBySide(self, context), no_retry_on_input_error(), spool() as file:
            forget_fact(context)
            checkout = self.commit(context)
            mirror = commit_mirror(
                context, checkout, self.repository, self.submodules, LargeFiles(self.lfs)
            )
            sha = checkout.files
            earlier = self.share.earlier(context, checkout.release)
            number = self._number(context, checkout.release, mirror, earlier)
            whole = self._compile(mirror, checkout, context, number)
            owner = owner_of(context, checkout.release)
            work = self.share.of(whole, checkout, file, earlier, owner)
            output = LogGroups(self._say, together=TOGETHER, waiting=Spill)
            secrets = pipeline_secrets(work.spec, self.secrets, self._say)
            output.hide(secrets.values())
            self._runner = BuildRunner(
                tidied(container_engine(self.docker_conn_id), self.timeout_seconds, self._say),
                work.spec,
                sources=lambda depth: mirror.workspace(
                    sha, branch=checkout.branch, main=checkout.delivered, depth=depth
                ),
                output=output,
                timeout=work.seconds_left(self.timeout_seconds),
                given=Given(
                    secrets=secrets,
                    collect=self.reports,
                    registries=self._logins(checkout),
                    built=work.taking,
                    caches=pipeline_caches(mirror, checkout, self.caches, output.say),
                ),
                worker=Worker(labels=self.node),
            )
            with output.mask.errors():
                result = self._run(self._runner)
                report = self._report(checkout.release, result, output, work, number)
            return keep_fact(context, checkout.release, report, of=checkout)

    def commit(self, context: Context) -> Checkout:
        """Return the commit whose pipeline is run, and what started the run.

        :param context: the task's.
        """
        return same_as_kept(context, CHECKOUT, Checkout.from_json(self.checkout))

    def _number(
        self, context: Context, release: Release, mirror: GitMirror, earlier: TestReport | None
    ) -> int:
        """Claim the build's number; both halves of a build have one."""
        if earlier is not None and earlier.number:
            return earlier.number
        return BuildNumbers(artifact_store(), self.numbers or release.project).claim(
            context["ti"].run_id, commits=lambda: mirror.count(release.sha)
        )

    def _report(
        self, release: Release, result: BuildResult, output: LogGroups, work: Work, number: int
    ) -> Json:
        """Show what has run, and return what is kept of it, masked."""
        reports = result.reports()
        if reports.counts is not None:
            self.counts = TestCounts.from_json(output.mask.json(reports.counts.to_json()))
        for line in (*step_table(result.steps), *reports.lines()):
            output.say(line)
        try:
            result.raise_for_failure(work.earlier.steps if work.earlier else ())
            built = work.keep(release, output.say)
        except NothingRan as nothing:
            for line in str(nothing).splitlines():
                output.say(line)
            msg = "no step of the pipeline has run and passed; the log says what kept each of them"
            raise NoStepRan(msg) from nothing
        report = TestReport(
            release=release,
            seconds=result.seconds,
            steps=work.steps(result),
            counts=reports.counts,
            built=built,
            number=number,
        ).to_json()
        steps = [{**output.mask.json(step), "state": step["state"]} for step in report["steps"]]
        report |= {"steps": steps, "counts": output.mask.json(report["counts"])}
        told = work.whole(TestReport.from_json(report))
        self.counts = told.counts
        return told.to_json()

    def _run(self, runner: BuildRunner) -> BuildResult:
        """Run, and take a pipeline that never ends for a mistake of the commit's."""
        try:
            return runner.run()
        except StepTimedOut as error:
            raise TestsFailed(error.message, advice=error.advice) from error

    def _logins(self, checkout: Checkout) -> tuple[str, ...]:
        """Return the logins that images are pulled with; a stranger's pipeline names the images."""
        allowed = self.registry_login and not checkout.cause.fork
        return (registry_login(self.docker_conn_id),) if allowed else ()

    def on_kill(self) -> None:
        """Remove the containers, the network and the workspace of this task."""
        if self._runner is not None:
            self._runner.stop()

    def _compile(
        self, mirror: GitMirror, checkout: Checkout, context: Context, number: int
    ) -> BuildSpec:
        sha = checkout.files
        data = mirror.read(sha, self.pipeline_file)
        beside = [] if data else [one for one in OTHERS if mirror.read(sha, one) is not None]
        ui = str(conf.get("api", "base_url", fallback="") or "")
        event = event_of(checkout, instance=urlsplit(ui).netloc)
        # The project trusts whoever may push, and nobody else.
        trusted = self.trusted and not event.fork
        ti = context["ti"]
        link = f"{ui.rstrip('/')}/dags/{ti.dag_id}/runs/{quote(ti.run_id)}" if ui else ""
        rules = ImageRules(
            registries=self.registries, allowed=self.allowed_images, images=self.images
        )
        plugins = PrivilegedPlugins.parse(
            conf.get("slipway", "privileged_plugins", fallback="") or "", trusted=trusted
        )
        build = Build(
            id=container_name(context),
            event=event,
            labels=labels(context),
            images=self.images,
            variables=build_variables(checkout, event, link=link, number=number),
            trusted=trusted,
            image_rules=rules,
            plugins=plugins,
        )
        file = load(
            data,
            file=self.pipeline_file,
            trusted=trusted,
            strict=self.strict,
            image_rules=rules,
            plugins=plugins,
            beside=beside,
        )
        return compile_file(file, build)

    def _say(self, line: str) -> None:
        self.log.info("%s", line)
