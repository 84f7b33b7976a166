"""Checked pipelines -> the spec that the runner runs. Pure: the same input, the same spec."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from slipway.exceptions import PipelineFileError
from slipway.model.container import Security
from slipway.pipeline.commit_text.executed_variables import is_executed
from slipway.pipeline.commit_text.insertion import CommitTextInCode
from slipway.pipeline.compiler.env_sizes import bounded, startable
from slipway.pipeline.compiler.late import LateForms, filled
from slipway.pipeline.compiler.refusals import Refusals
from slipway.pipeline.compiler.script import check_executed
from slipway.pipeline.compiler.spec import TRUSTED, UNTRUSTED, BuildSpec, PipelineSpec
from slipway.pipeline.compiler.stage import stage_variables, workspace_variables
from slipway.pipeline.compiler.status import AT_FIRST
from slipway.pipeline.compiler.step_container import Context, from_a_fork, step_spec
from slipway.pipeline.compiler.volumes import volumes_of, workspace_of
from slipway.pipeline.lint import other_runners
from slipway.pipeline.lint.image_rules import ImageRules
from slipway.pipeline.lint.privileged_plugins import PrivilegedPlugins
from slipway.pipeline.lint.replaced import lint_replaced
from slipway.pipeline.yaml.conditions import Event
from slipway.pipeline.yaml.model import Step
from slipway.pipeline.yaml.substitution import Budget, substitute
from slipway.pipeline.yaml.walk import with_texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from slipway.pipeline.compiler.spec import StepSpec
    from slipway.pipeline.load import PipelineFile
    from slipway.pipeline.yaml.diagnostics import Path, Problem
    from slipway.pipeline.yaml.model import Pipeline

_Step = TypeVar("_Step", bound=Step)
_AT_ONCE = Refusals()


@dataclass(frozen=True, kw_only=True, slots=True)
class Build:
    """What a file is compiled for.

    :param id: begins the names of everything that is made; unique to the run.
    :param event: what conditions are matched against.
    :param variables: for every step, and for substitution.
    :param labels: on everything that is made.
    :param images: image names and what is used in their place.
    :param trusted: containers keep the engine's usual rights and have no limits.
    :param image_rules: which images may be used; all by default.
    :param plugins: which of them may have every right; by default as ``trusted`` has it.
    """

    id: str
    event: Event = field(default_factory=Event)
    variables: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    images: Mapping[str, str] = field(default_factory=dict)
    trusted: bool = False
    image_rules: ImageRules = field(default_factory=ImageRules)
    plugins: PrivilegedPlugins | None = None


def compile_file(
    file: PipelineFile, build: Build, refused: list[Problem] | None = None
) -> BuildSpec:
    """Compile every pipeline of a file.

    :param file: as :func:`~slipway.pipeline.load.load` has checked it.
    :param build: what for.
    :param refused: takes each place where a commit's text would be code; None ends at the first.
    :raises PipelineFileError: when something comes to more than is put together, or than a
        container can be started with.
    """
    budget, notices = Budget(), file.told()
    unmet = other_runners.unmet(file.pipelines, file.elsewhere, build.event)
    pipelines = []
    for number, pipeline in enumerate(file.pipelines, 1):
        own = build
        if len(file.pipelines) > 1:
            labels = {**build.labels, "slipway.pipeline": str(number)}
            own = replace(build, id=f"{build.id}-{number}", labels=labels)
        document = file.documents[number - 1] if file.documents else None
        refusals = Refusals(document=document, noted=refused)
        one = compile_pipeline(
            pipeline, own, number, budget=budget, notices=notices, refusals=refusals
        )
        here = tuple(name for name in one.depends_on if name not in file.elsewhere)
        reason = one.unmet or unmet.get(pipeline.name, "")
        pipelines.append(replace(one, depends_on=here, unmet=reason))
    return BuildSpec(pipelines=tuple(pipelines), notices=tuple(notices))


def compile_pipeline(
    pipeline: Pipeline,
    build: Build,
    number: int = 1,
    *,
    budget: Budget | None = None,
    notices: list[str] | None = None,
    refusals: Refusals = _AT_ONCE,
) -> PipelineSpec:
    """Compile one pipeline.

    :param pipeline: one that was checked.
    :param build: what for; its id and labels are this pipeline's alone.
    :param number: its place in the file, from 1.
    :param budget: of the file.
    :param notices: for the log; what there is to be said is added.
    :param refusals: what is done where a commit's text would be code; it knows where the file is.
    :raises PipelineFileError: as :func:`compile_file` does.
    """
    budget = budget or Budget()
    stage = stage_variables(pipeline, number, build.id, build.event)
    variables = {**bounded(build.variables), **stage}
    base, workspace = workspace_of(_placed_workspace(pipeline, variables, budget))
    variables |= workspace_variables(base, workspace)
    late = LateForms(variables, budget)
    _check_executed(pipeline, variables, refusals)
    resolved = _resolved(pipeline, late)
    if refusals.document is not None:
        lint_replaced(refusals.document, resolved, build.event, trusted=build.trusted)
    volumes = tuple(volumes_of(resolved, build.id))
    context = Context(
        id=build.id,
        event=build.event,
        variables=variables,
        images=build.images,
        workspace=workspace,
        volumes=volumes,
        environment=resolved.environment,
        budget=budget,
        image_rules=build.image_rules,
        notices=[] if notices is None else notices,
        refusals=refusals,
        late=late.substituted,
    )
    services = tuple(_services(resolved, context))
    steps = tuple(_steps(resolved, context))
    return replace(
        _without_containers(pipeline, resolved, build, (base, workspace)),
        volumes=volumes,
        late=late.forms,
        services=services,
        steps=tuple(_with_rights(steps, pipeline, resolved, build, context.notices)),
    )


def _without_containers(
    pipeline: Pipeline, resolved: Pipeline, build: Build, places: tuple[str, str]
) -> PipelineSpec:
    """Say when and where a pipeline runs.

    :param resolved: the same one, its variables replaced by their values.
    :param places: of the workspace's volume, and of the sources in it.
    """
    return PipelineSpec(
        id=build.id,
        name=pipeline.name,
        depends_on=pipeline.depends_on,
        policy=resolved.trigger.policy().value,
        unmet=resolved.trigger.unmet(build.event, "trigger") or _nothing_to_do(resolved),
        platform=f"{resolved.platform.os}/{resolved.platform.arch}",
        node=dict(resolved.node),
        clone_depth=None if pipeline.clone.disable else pipeline.clone.depth,
        workspace_base=places[0],
        workspace=places[1],
        pull_secrets=() if from_a_fork(build.event) else resolved.image_pull_secrets,
        labels=dict(build.labels),
        isolation=TRUSTED if build.trusted else UNTRUSTED,
        services=(),
        steps=(),
    )


def _check_executed(pipeline: Pipeline, variables: Mapping[str, str], refusals: Refusals) -> None:
    """See that no text of the commit is in a variable that programs run."""
    known = {**variables, **AT_FIRST}
    places: list[tuple[Path, Mapping[str, object]]] = [(("environment",), pipeline.environment)]
    for kind, steps in (("services", pipeline.services), ("steps", pipeline.steps)):
        places += [((kind, at, "environment"), one.environment) for at, one in enumerate(steps)]
    for place, environment in places:
        for name, value in environment.items():
            if isinstance(value, str) and is_executed(substitute(name, known)):
                try:
                    check_executed(name, value, variables)
                except CommitTextInCode as error:
                    refusals.add(error, (*place, name))


def _placed_workspace(pipeline: Pipeline, variables: Mapping[str, str], budget: Budget) -> Pipeline:
    """Return a pipeline that says where its workspace is for this build."""
    known = {**variables, **AT_FIRST}
    workspace = with_texts(pipeline.workspace, lambda text: substitute(text, known, budget), but=())
    return pipeline.model_copy(update={"workspace": workspace})


def _nothing_to_do(pipeline: Pipeline) -> str:
    return "" if pipeline.steps else "it has no steps"


def _resolved(pipeline: Pipeline, late: LateForms) -> Pipeline:
    """Return a pipeline with everything substituted but what containers run.

    Pipelines keep their names, since Drone's server knows them by what is in the file. Only what a
    container is given can wait for its turn to ask how the run stands; elsewhere all is still well.

    :raises PipelineFileError: when two steps are called the same then.
    """
    own = ("commands", "command", "entrypoint")
    resolved = with_texts(
        pipeline,
        late.substituted,
        but=own,
        secret=lambda name: filled(late.substituted(name), late.forms, AT_FIRST),
    )
    resolved = with_texts(
        resolved,
        lambda text: filled(text, late.forms, AT_FIRST),
        but=(*own, "environment", "settings"),
    )
    resolved = late.in_words(resolved)
    resolved = resolved.model_copy(
        update={
            "name": pipeline.name,
            "depends_on": pipeline.depends_on,
            "services": _named(resolved.services, "service"),
            "steps": _named(resolved.steps, "step"),
        }
    )
    names = [one.name for one in (*resolved.services, *resolved.steps)]
    if twice := next((name for name in names if names.count(name) > 1), None):
        msg = f"two steps or services are called {twice!r} once their names are substituted"
        raise PipelineFileError(msg, advice="give them names that differ for every build")
    return resolved


def _named(steps: tuple[_Step, ...], kind: str) -> tuple[_Step, ...]:
    """Give those that have no name their number for one."""
    return tuple(
        step if step.name else step.model_copy(update={"name": f"{kind}-{number}"})
        for number, step in enumerate(steps, 1)
    )


def _services(pipeline: Pipeline, context: Context) -> Iterator[StepSpec]:
    for number, service in enumerate(pipeline.services, 1):
        yield startable(step_spec(service, number, context, kind="service", depends_on=()))


def _steps(pipeline: Pipeline, context: Context) -> Iterator[StepSpec]:
    names = {step.name for step in pipeline.steps}
    before: tuple[str, ...] = ()
    for number, step in enumerate(pipeline.steps, 1):
        if pipeline.is_graph:
            # Services, and the sources, are there before any step.
            before = tuple(dict.fromkeys(name for name in step.depends_on or () if name in names))
        yield startable(step_spec(step, number, context, kind="step", depends_on=before))
        before = (step.name,)


def _with_rights(
    steps: tuple[StepSpec, ...],
    pipeline: Pipeline,
    resolved: Pipeline,
    build: Build,
    notices: list[str],
) -> Iterator[StepSpec]:
    """Give plugins the rights that they may have, and say which go without.

    :param pipeline: as it was checked, when those that lacked something already were told.
    """
    plugins = build.plugins or PrivilegedPlugins(trusted=build.trusted)
    for written, step, spec in zip(pipeline.steps, resolved.steps, steps, strict=True):
        stranger = from_a_fork(build.event)
        reason = plugins.refusal(step, resolved, image=spec.image, stranger=stranger)
        if reason and not plugins.refusal(written, pipeline, image=written.image):
            notices.append(f"step {step.name!r}: {plugins.message(step, reason)}")
        if reason == "":
            own = replace(spec.container, security=Security(privileged=True))
            yield replace(spec, container=own)
        else:
            yield spec
