"""Where a person holds, resumes, stops or rejects: a run of its own, so that Airflow knows who."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from slipway.exceptions import UnknownParameter
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.controls import ControlBook
from slipway.hooks.store.releases import ReleaseCatalogue
from slipway.hooks.store.runs.facts import RunFacts
from slipway.model.controls import Action, ControlEvent
from slipway.model.facts import Json
from slipway.model.text.inert import visible
from slipway.model.text.nearest import nearest
from slipway.policies.controls import after
from slipway.policies.rights import May, Person, Right, refusal
from slipway.tasks.board.brakes import show_control
from slipway.tasks.controls.person import asked_at, person, starter
from slipway.tasks.controls.refusals import NotAllowed
from slipway.tasks.lease.takeover import ALIVE
from slipway.tasks.params import reason_of
from slipway.tasks.retries import no_retry_on_input_error

if TYPE_CHECKING:
    from airflow.sdk import Context

# What a person may ask for; the rest is noted by deployments.
ACTIONS = (
    Action.HOLD,
    Action.RESUME,
    Action.STOP,
    Action.REJECT,
    Action.ACCEPT,
    Action.CANCEL,
)
_RELEASES = (Action.REJECT, Action.ACCEPT)
# What lets go of a brake; whatever it was put on for, everybody it keeps has to agree.
_LETS_GO = (Action.RESUME, Action.ACCEPT)
# What nobody has to give a reason for.
_UNREASONED = (Action.RESUME, Action.CANCEL)
_AGAIN = "nothing was changed: trigger a new run"
# How a run has ended, as Airflow calls it.
_OVER = ["success", "failed"]
_NOTHING = "nothing was changed: there is nothing to call off"
_WHICH = (
    "nothing was changed: the page of the environment has the ids of those that wait; without "
    "`--run` each of them is cancelled"
)
# Characters of what something is about: a run's id has 250.
_LONGEST = 500

Places = Mapping[str, Mapping[str, May]]


class ChangeControlsOperator(BaseOperator):
    """Note what the person who started the run says of what may be deployed.

    Once for each run, however often it is tried. A brake is for whoever may hold any environment
    that it is about; to let go of it one has to be allowed to on each.

    :param places: for each project its environments, each with who may do what there.
    :returns: :class:`slipway.model.controls.ControlEvent` as JSON.

    Example::

        change = ChangeControlsOperator(task_id="change", places={"shop": {"dev": May()}})
    """

    ui_color = "#fee2e2"

    def __init__(self, *, places: Places, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.places = places

    def execute(self, context: Context) -> Json:
        """Note it.

        :raises AirflowFailException: when the run asks for what is not there, or whoever started it
            may not.
        """
        with no_retry_on_input_error():
            event = self._asked(context)
            self._require_right(event)
            _require_waiting(context, event)
            noted = ControlBook(artifact_store()).note(event, after)
        show_control(noted)
        for line in _words(noted):
            self.log.info("%s", line)
        return noted.to_json()

    def _asked(self, context: Context) -> ControlEvent:
        action = _action(reason_of(context, "action"))
        project, environment = reason_of(context, "project"), reason_of(context, "environment")
        self._require_known(project, environment)
        _require_scope(action, project, environment)
        version, why = reason_of(context, "version"), reason_of(context, "why")
        if action in _RELEASES:
            # In full, so that it is the same to whoever asks for it by its sha.
            found = ReleaseCatalogue(artifact_store()).find(project, _given(version, "version"))
            version = found.checkout.release.version
        if action not in _UNREASONED:
            _given(why, "why")
        ti: Any = context["ti"]
        named = (one.strip() for one in reason_of(context, "may_pass").split(","))
        return ControlEvent(
            action=action,
            by=starter(context).name,
            at=0,  # the store has the clock
            why=why,
            dag_id=ti.dag_id,
            run_id=ti.run_id,
            project=project,
            environment="" if action in _RELEASES else environment,
            version=version if action in _RELEASES else "",
            may_pass=tuple(one for one in named if one) if action is Action.STOP else (),
            asked_at=asked_at(context),
            run=reason_of(context, "run") if action is Action.CANCEL else "",
        )

    def _require_known(self, project: str, environment: str) -> None:
        if project and project not in self.places:
            raise _unknown(project, self.places, kind="project")
        if environment and environment not in self.places.get(project, {}):
            raise _unknown(environment, self.places.get(project, {}), kind="environment")

    def _require_right(self, event: ControlEvent) -> None:
        """Make sure that whoever started the run may do it.

        :raises NotAllowed: when he may not, or nobody knows who it is.
        """
        if not event.by:
            msg = "nobody is known to have started this run"
            raise NotAllowed(msg, advice="start it with a login of your own")
        who = person(event.by)
        every = self._environments(event)
        refused = [
            found
            for name, may in every
            if (found := _refusal(event.action, may, who, name)) is not None
        ]
        is_barred = bool(refused) if event.action in _LETS_GO else len(refused) == len(every) > 0
        if is_barred:
            raise NotAllowed(refused[0], advice=f"have one of them do it; {_AGAIN}")

    def _environments(self, event: ControlEvent) -> Sequence[tuple[str, May]]:
        """Return what it is about: each environment by its whole name, and who may do what."""
        return [
            (f"{project} {name}", may)
            for project, environments in self.places.items()
            for name, may in environments.items()
            if event.project in ("", project) and event.environment in ("", name)
        ]


def _require_waiting(context: Context, event: ControlEvent) -> None:
    """Make sure that a run which is to be cancelled is there, and has neither begun nor ended.

    :raises UnknownParameter: when it is not.
    """
    if not event.run:
        return
    noted = ControlBook(artifact_store()).of(event.project, event.environment).cancelled
    if any(one.run == event.run for one in noted):
        return  # as when this is tried again: by now it may have ended of it
    dag_id = f"{event.project}.{event.environment}"
    ti: Any = context["ti"]
    runs, name = {"dag_id": dag_id, "run_ids": [event.run]}, visible(event.run)
    if RunFacts(artifact_store(), dag_id=dag_id, run_id=event.run).swap() is not None:
        msg = f"{name} has begun its change of {event.environment}, or is through with it"
        back = f"fab deploy {event.project} {event.environment} previous"
        raise UnknownParameter(msg, advice=f"it is not called off any more; `{back}` is a way back")
    if ti.get_dr_count(**runs, states=ALIVE):
        return
    if ti.get_dr_count(**runs, states=_OVER):
        msg = f"{name} of {dag_id} has ended by now"
        raise UnknownParameter(msg, advice=_NOTHING)
    msg = f"there is no run {name} of {dag_id}"
    raise UnknownParameter(msg, advice=_WHICH)


def _refusal(action: Action, may: May, who: Person, name: str) -> str | None:
    """Say why somebody may not; whoever may deploy somewhere may call it off there as well.

    Where nobody is named who may deploy, it is a brake like the others.
    """
    deploys = may.deploy is not None and refusal(may, Right.DEPLOY, who, name) is None
    if action is Action.CANCEL and deploys:
        return None
    return refusal(may, Right.HOLD, who, name)


def _action(word: str) -> Action:
    known = [one.value for one in ACTIONS]
    if word not in known:
        raise _unknown(word, known, kind="action")
    return Action(word)


def _require_scope(action: Action, project: str, environment: str) -> None:
    if action is Action.HOLD and not environment:
        msg = "what is to be held is an environment: name its project and itself"
        raise UnknownParameter(msg, advice=_AGAIN)
    if action is Action.CANCEL and not environment:
        msg = "what is cancelled is a deployment to an environment: name its project and itself"
        raise UnknownParameter(msg, advice=_AGAIN)
    if action in _RELEASES and not project:
        msg = "name the project whose release it is"
        raise UnknownParameter(msg, advice=_AGAIN)


def _given(value: str, name: str) -> str:
    if not value:
        msg = f"`{name}` is empty: it has to be said"
        raise UnknownParameter(msg, advice=_AGAIN)
    return value


def _unknown(word: str, known: Collection[str], *, kind: str) -> UnknownParameter:
    near = nearest(word, known)
    hint = f"did you mean {near!r}? " if near else ""
    every = ", ".join(sorted(known)) or "none"
    advice = f"{hint}there is {every}; {_AGAIN}"
    return UnknownParameter(f"there is no {kind} {visible(word)!r}", advice=advice)


def _words(event: ControlEvent) -> Sequence[str]:
    why = f": {visible(event.why, 500)}" if event.why else ""
    what = f"{event.project} {event.version}" if event.version else str(event.scope)
    if event.action is Action.CANCEL:
        what += f": {event.run or 'each that waits for its time'}"
    lines = [f"{event.action.value} {visible(what, _LONGEST)} by {visible(event.by)}{why}"]
    if event.action is Action.RESUME and event.environment:
        again = f"fab deploy {event.project} {event.environment} newest"
        lines.append(f"what came meanwhile goes there with the next commit, or now: `{again}`")
    return lines
