"""Notes what becomes of a deployment, as its tasks know it.

The name of the swap is the one that the run signed as begun (:mod:`slipway.tasks.own_swap`): so
whatever is done to a run, each of its swaps is one deployment, and a run that began none has none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from slipway.exceptions import RecordRefused, ReleaseNotFound
from slipway.hooks.docker.connection import installation
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.deployments import DeploymentHistory
from slipway.hooks.store.failures import FailureReports
from slipway.hooks.store.outcomes import DeploymentOutcomes
from slipway.hooks.store.releases import ReleaseCatalogue
from slipway.model.edition import is_later
from slipway.model.fact import Json
from slipway.model.facts.deployment import MachineImage
from slipway.model.facts.outcome import DeploymentNote, Outcome
from slipway.model.facts.release import Release
from slipway.tasks.board.origin import origin_of
from slipway.tasks.board.show import serving_since, show_deployment
from slipway.tasks.editions.kept import brings
from slipway.tasks.kept_facts import run_facts
from slipway.tasks.lease.takeover import ALIVE
from slipway.tasks.own_swap import failed_tasks
from slipway.tasks.params import freeze_override, reason_of, triggered_by

if TYPE_CHECKING:
    from airflow.sdk import Context

    from slipway.model.cloud.lease import UnfinishedSwap
    from slipway.model.target import DeployTarget
    from slipway.tasks.consent import Consent

_HOUSEKEEPING = "housekeeping"
# Entries of what served that are looked through for a run's.
_LOOKED_AT = 20


def note_started(
    context: Context,
    target: DeployTarget,
    version: str,
    consent: Consent | None,
    replaces: Callable[[], str] = str,
    image: Json | None = None,
) -> None:
    """Note that a run has begun its swap, under the lease and before its first change.

    :param context: the task's.
    :param target: the environment.
    :param version: the release that the run brings in.
    :param consent: the yes by which it does.
    :param replaces: looks which version serves; empty for none.
    :param image: :class:`slipway.model.facts.MachineImage` as JSON; None where there is none.
    """
    facts = run_facts(context)
    begun = facts.swap() if facts is not None else None
    outcomes = DeploymentOutcomes(artifact_store())
    if begun and outcomes.has_begun(target.project, target.environment, begun.name):
        return  # by an earlier task of the run
    said = consent.approval if consent else None
    launched = MachineImage.from_json(image) if image is not None else None
    _note(
        context,
        target.environment,
        _release(target.project, version),
        Outcome.STARTED,
        approved_by=consent.by if consent else "",
        why=freeze_override(context) or (said.reason if said else ""),
        came_from=origin_of(context).value,
        replaced=(replaced := replaces()),
        brings=tuple(brings(target.project, target.environment, version, replaced, image=launched)),
        urgent=reason_of(context, "urgent"),
    )


def note_failed(context: Context, target: DeployTarget, version: str, why: str) -> bool:
    """Note that a release did not prove itself.

    :param context: the task's.
    :param target: the environment.
    :param version: the release.
    :param why: in the words of the gate that stayed shut, or of the alarm with its value.
    :returns: whether there is anything to note: the run had begun its swap.
    """
    release = _release(target.project, version)
    return _note(context, target.environment, release, Outcome.FAILED, why=why)


def note_rolled_back(context: Context, target: DeployTarget, version: str, to: str) -> bool:
    """Note that a release went, and what serves in its place; whoever failed, it is noted by now.

    :param context: the task's.
    :param target: the environment.
    :param version: the release that went.
    :param to: the version that serves; empty where none does.
    :returns: whether there is anything to note: a run that began nothing took nothing back.
    """
    ti: Any = context["ti"]
    release, tasks = _release(target.project, version), tuple(failed_tasks(ti))
    reports = FailureReports(artifact_store())
    report = reports.of(target.project, target.environment, version=version, run_id=ti.run_id)
    why = report.why if report else ""
    _note(context, target.environment, release, Outcome.FAILED, why=why, tasks=tasks)
    return _note(context, target.environment, release, Outcome.ROLLED_BACK, serves=to, tasks=tasks)


def note_succeeded(context: Context, release: Release, environment: str) -> None:
    """Note that a release serves, and has proved itself.

    :param context: the task's.
    :param release: that serves.
    :param environment: where.
    """
    facts = run_facts(context)
    begun = facts.swap() if facts is not None else None
    since = serving_since(release.project, environment, begun.name) if begun else 0.0
    more = {"serves": release.version, "serving_at": since}
    _note(context, environment, release, Outcome.SUCCEEDED, **more)


def note_ended(context: Context, target: DeployTarget, half: UnfinishedSwap, serves: str) -> None:
    """Note how housekeeping ended the swap of a run that is over.

    The lease is no authority on which swaps there were: of one whose start nobody noted, nothing
    is noted.

    :param context: the task's.
    :param target: the environment.
    :param half: the swap.
    :param serves: the version that the environment has now.
    """
    outcomes = DeploymentOutcomes(artifact_store())
    if not outcomes.has_begun(target.project, target.environment, half.name):
        return
    stays = serves == half.release
    outcomes.note(
        half.name,
        _made(
            context,
            target.environment,
            _release(target.project, half.release),
            Outcome.SUCCEEDED if stays else Outcome.ROLLED_BACK,
            by=_HOUSEKEEPING,
            why="" if stays else "its run ended before its swap did",
            serves=serves,
        ),
    )
    show_deployment(target.project, target.environment, half.name)


def note_forgotten(
    context: Context,
    target: DeployTarget,
    serves: str,
    remember: Callable[[Release, str], None],
) -> None:
    """Note how deployments ended whose runs could not, by what serves since.

    The swap was over, and the store was away until the run had used up its tries, say.

    :param context: the task's.
    :param target: the environment, in which no swap is under way.
    :param serves: the version that it has; empty where it has none.
    :param remember: notes that a release serves, and by which run, for the way back.
    """
    ti: Any = context["ti"]
    store = artifact_store()
    outcomes, history = DeploymentOutcomes(store), DeploymentHistory(store)
    for one in outcomes.unended(target.project, target.environment):
        start = one.start
        if ti.get_dr_count(dag_id=start.dag_id, run_ids=[start.run_id], states=ALIVE):
            continue  # it may note it yet
        version = start.release.version
        served = {
            (entry.release.version, entry.run_id)
            for entry in history.served(target.project, target.environment, _LOOKED_AT)
        }
        was_remembered = (version, start.run_id) in served
        if version == serves and not was_remembered:
            remember(start.release, start.run_id)
        outcome, why = Outcome.SUCCEEDED, ""
        if version != serves and not was_remembered:
            # Of one after which others came, nobody can say what it had come to.
            outcome = Outcome.ROLLED_BACK if one.is_last else Outcome.FAILED
            why = "its run ended before it could note how"
        serving = version if outcome is Outcome.SUCCEEDED else serves if one.is_last else ""
        more = {"by": _HOUSEKEEPING, "why": why, "serves": serving}
        noted = _made(context, target.environment, start.release, outcome, **more)
        outcomes.note(one.swap, replace(noted, dag_id=start.dag_id, run_id=start.run_id))
        show_deployment(target.project, target.environment, one.swap)


def _note(
    context: Context, environment: str, release: Release, outcome: Outcome, **more: Any
) -> bool:
    facts = run_facts(context)
    begun = facts.swap() if facts is not None else None
    # What the task was told is an XCom; what the run began, it signed.
    if begun is None or begun.version != release.version:
        return False
    outcomes = DeploymentOutcomes(artifact_store())
    outcomes.note(
        begun.name,
        _made(context, environment, release, outcome, by=triggered_by(context), **more),
    )
    show_deployment(release.project, environment, begun.name)
    return True


def _made(
    context: Context, environment: str, release: Release, outcome: Outcome, **more: Any
) -> DeploymentNote:
    ti: Any = context["ti"]
    return DeploymentNote(
        release=release,
        environment=environment,
        outcome=outcome,
        at=0.0,  # the store has the clock
        dag_id=ti.dag_id,
        run_id=ti.run_id,
        committed_at=_committed_at(release),
        installation=installation(),
        **more,
    )


def _release(project: str, version: str) -> Release:
    """Return a release as the catalogue has it; what it does not know is known by its version."""
    try:
        return ReleaseCatalogue(artifact_store()).find(project, version).checkout.release
    except (ReleaseNotFound, RecordRefused):
        return Release(project=project, sha="", version=version)


def _committed_at(release: Release) -> int:
    if is_later(release.version):
        return 0  # it brings settings, and no commit
    try:
        found = ReleaseCatalogue(artifact_store()).find(release.project, release.version)
    except (ReleaseNotFound, RecordRefused):
        return 0
    return found.checkout.committed_at
