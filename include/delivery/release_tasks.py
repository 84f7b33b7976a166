"""The tasks up to the release, which are the same wherever it will run.

The package is built beside the pipeline where it is made of the sources alone. What the pipeline
builds has to be there first: then ``build_deb`` waits for ``test``, or, where the project file says
which pipeline builds it, for ``build``, which runs that one and what it depends on; ``test`` runs
the others meanwhile. The release waits for all of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from airflow.sdk import BaseOperator, TaskGroup

from include.delivery import documentation
from include.delivery.defaults import LIMITS
from include.delivery.targets import listed, repository_of, watching_of
from include.project.machines.of_project import architectures, machine_of
from include.project.model import Migrations, Project
from include.project.proving import Prove
from slipway.model.git.watching import PROPOSALS
from slipway.model.proof_settings import OnBroken, ProofSettings
from slipway.model.target import DeployTarget
from slipway.operators.build_deb import BuildDebOperator
from slipway.operators.checkout import CheckoutOperator
from slipway.operators.publish_apt import PublishAptOperator
from slipway.operators.record_release import RecordReleaseOperator
from slipway.operators.rehearse_migrations import GooseRehearseOperator
from slipway.operators.run_pipeline import RunPipelineOperator
from slipway.tasks.kept_facts import BUILD, BUILD_DEB, CHECKOUT, PUBLISH_APT, REHEARSE, TEST
from slipway.tasks.pipeline.share import Part


def release_tasks(project: Project, targets: Iterable[DeployTarget]) -> RecordReleaseOperator:
    """Make everything up to the release.

    :param project: the project.
    :param targets: where its commits may go.
    :returns: the last of them, which enters it into the catalogue.
    """
    checkout = _checkout(project)
    verified = verify(project, checkout, targets)
    deb, tests, schema = verified.deb, verified.tests, verified.schema
    published = PublishAptOperator(
        task_id=PUBLISH_APT,
        deb=deb.output,
        execution_timeout=LIMITS["publish_apt"],
        doc_md=documentation.task("publish_apt"),
    )
    record = RecordReleaseOperator(
        task_id="record_release",
        project=project.name,
        checkout=checkout.output,
        package=published.output,
        tests=tests.output,
        schema=schema.output if schema else None,
        environments={name: listed(project, name) for name in project.environments},
        execution_timeout=LIMITS["bookkeeping"],
        doc_md=documentation.task("record_release"),
    )
    done: list[Any] = [tests, deb, *([schema] if schema else [])]
    done >> published >> record
    return record


@dataclass(frozen=True, kw_only=True)
class Verified:
    """The tasks that tell whether a commit is any good, side by side.

    :param tests: runs the pipeline, or the rest of it.
    :param deb: builds the package.
    :param schema: rehearses the migrations, where there are any.
    :param group: all of them.
    """

    tests: RunPipelineOperator
    deb: BuildDebOperator
    schema: GooseRehearseOperator | None
    group: TaskGroup


def verify(
    project: Project,
    checkout: BaseOperator,
    targets: Iterable[DeployTarget],
    *,
    proposal: bool = False,
) -> Verified:
    """Make the tasks that test, rehearse and build.

    :param project: the project.
    :param checkout: the task that found the commit.
    :param targets: where its commits may go.
    :param proposal: nothing of it is to be released: no package is kept, and no number used up.
    """
    own: dict[str, Any] = {"numbers": f"{project.name}.{PROPOSALS}"} if proposal else {}
    with TaskGroup("verify", prefix_group_id=False, tooltip="side by side") as group:
        build = None
        if project.package.built_by is not None:
            build = _pipeline(BUILD, project, checkout, part=Part.FIRST, **own)
            tests = _pipeline(TEST, project, checkout, part=Part.SECOND, first=build.output, **own)
        else:
            tests = _pipeline(TEST, project, checkout, **own)
        deb = _package(project, checkout, build or tests, keep=not proposal)
        schema = None
        if project.migrations is not None:
            schema = _rehearsal(project, project.migrations, checkout, targets)
    return Verified(tests=tests, deb=deb, schema=schema, group=group)


def _source(project: Project) -> dict[str, Any]:
    return {"repository": repository_of(project)}


def _trees(project: Project) -> dict[str, Any]:
    """Say what belongs to a commit's files besides those that lie in the repository itself."""
    return {"submodules": project.repository.submodules, "lfs": project.repository.lfs.value}


def _checkout(project: Project) -> CheckoutOperator:
    return CheckoutOperator(
        task_id=CHECKOUT,
        project=project.name,
        ref="{{ params.ref }}",
        branch=project.repository.branch,
        branches=project.repository.branches,
        tags=project.repository.tags,
        version_tags=project.repository.version_tags,
        webhook=project.repository.webhook,
        watching=watching_of(project),
        execution_timeout=LIMITS["checkout"],
        doc_md=documentation.task("checkout"),
        **_source(project),
    )


def _pipeline(
    task_id: str,
    project: Project,
    checkout: BaseOperator,
    *,
    part: Part = Part.WHOLE,
    first: Any = None,
    numbers: str = "",
) -> RunPipelineOperator:
    """Make the task that runs the commit's own pipeline, or one half of it."""
    return RunPipelineOperator(
        task_id=task_id,
        checkout=checkout.output,
        built=project.package.taken(architectures(project)),
        built_by=project.package.built_by,
        part=part,
        first=first,
        numbers=numbers,
        # The pipeline's own limit comes first, and says more; caches are kept after it.
        execution_timeout=project.test.timeout
        + LIMITS["cloud" if project.test.cache else "bookkeeping"],
        doc_md=documentation.task(task_id),
        **pipeline_settings(project),
    )


def pipeline_settings(project: Project) -> dict[str, Any]:
    """Say how a project's pipelines run, whatever they are run for."""
    test = project.test
    return {
        "pipeline_file": test.pipeline,
        "images": test.images,
        "secrets": test.secrets,
        "node": test.node,
        "reports": test.reports,
        "caches": [one.to_path().to_json() for one in test.cache],
        "timeout_seconds": test.timeout.total_seconds(),
        "trusted": test.trusted,
        "strict": test.strict,
        "registries": test.registries,
        "allowed_images": test.allowed_images,
        "registry_login": test.registry_login,
        **_trees(project),
        **_source(project),
    }


def _package(
    project: Project, checkout: BaseOperator, builder: RunPipelineOperator, *, keep: bool
) -> BuildDebOperator:
    """Make the task that builds the package, once there is all that it is made of.

    :param builder: the task that takes what the pipeline built.
    :param keep: the package is kept.
    """
    known = architectures(project)
    takes = bool(project.package.taken(known))
    return BuildDebOperator(
        task_id=BUILD_DEB,
        checkout=checkout.output,
        package=project.package.name,
        nfpm_file=project.package.nfpm,
        unit=project.package.unit,
        debs=project.package.debs,
        suites=project.package.suites,
        architectures=[one.value for one in known],
        built=builder.output if takes else None,
        built_task=builder.task_id if takes else None,
        keep=keep,
        execution_timeout=LIMITS["build_deb"],
        doc_md=documentation.task("build_deb"),
        **_trees(project),
        **_source(project),
    )


def _rehearsal(
    project: Project,
    migrations: Migrations,
    checkout: BaseOperator,
    targets: Iterable[DeployTarget],
) -> GooseRehearseOperator:
    return GooseRehearseOperator(
        task_id=REHEARSE,
        checkout=checkout.output,
        directory=migrations.directory,
        postgres=migrations.postgres,
        extensions=migrations.extensions,
        image=migrations.image or "",
        roles=migrations.roles,
        env=migrations.env,
        rehearse=migrations.rehearse.value,
        environments=tuple(project.environments),
        targets=tuple(targets),
        proof=_proof(project, migrations.prove),
        execution_timeout=LIMITS["rehearse_migrations"] + _longest(project, migrations.prove),
        doc_md=documentation.task("rehearse_migrations"),
        **_source(project),
    )


def _longest(project: Project, prove: Prove) -> timedelta:
    """Return how long it may take to try what serves, each step of it at its own limit."""
    if prove.mode is OnBroken.OFF:
        return timedelta()
    # Two starts, and the command three times.
    return len(project.environments) * (LIMITS["fetch_live"] + 5 * prove.timeout)


def _proof(project: Project, prove: Prove) -> ProofSettings:
    return ProofSettings(
        mode=prove.mode,
        unit=project.package.unit,
        environment=project.package.config,
        stand_ins=prove.config,
        questions=prove.requests,
        command=prove.command,
        image=prove.image or "",
        timeout=prove.timeout.total_seconds(),
        systems={name: machine_of(project, name).os.value for name in project.environments},
    )


def tests_alone(project: Project, checkout: CheckoutOperator) -> RunPipelineOperator:
    """Make the task that runs a commit's pipeline where nothing of it ships.

    :param project: the project.
    :param checkout: the task that found the commit.
    """
    package = project.package.model_copy(update={"built": (), "built_by": None, "debs": None})
    return _pipeline(TEST, project.model_copy(update={"package": package}), checkout)
