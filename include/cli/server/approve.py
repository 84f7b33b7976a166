"""A person's answer to what a run asks, given from a shell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from http import HTTPStatus
from typing import Any

from include.cli.server.client import AirflowServer, Json, Query, part
from include.cli.server.errors import RequestRefused, RunUnknown
from include.cli.server.logs import plain
from include.cli.server.runs import ASKS, Run, find_run
from slipway.model.text.inert import visible

APPROVE, REJECT = "Approve", "Reject"
# A parameter of the question (slipway.hooks.store.approvals.REASON).
_REASON = "reason"


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What a run asks of a person.

    :param dag_id: the DAG's id.
    :param run_id: the run's id.
    :param task_id: the id of the task that asks.
    :param subject: in a line; a stranger's text in part.
    :param body: the plan, in Markdown.
    :param asked: logins whose answer alone is taken; none for anybody's.
    :param index: of a task that was mapped; -1 otherwise.
    """

    dag_id: str
    run_id: str
    task_id: str
    subject: str
    body: str = ""
    asked: tuple[str, ...] = ()
    index: int = field(default=-1)

    @property
    def path(self) -> str:
        """Return where the API has it."""
        run = Run(dag_id=self.dag_id, run_id=self.run_id, state="").path
        return f"{run}/taskInstances/{part(self.task_id)}/{self.index}/hitlDetails"

    @classmethod
    def of(cls, found: Json) -> Question:
        """Read what the server says of one."""
        task = found["task_instance"]
        return cls(
            dag_id=str(task["dag_id"]),
            run_id=str(task["dag_run_id"]),
            task_id=str(task["task_id"]),
            index=int(task.get("map_index", -1)),
            subject=str(found.get("subject") or ""),
            body=str(found.get("body") or ""),
            asked=tuple(str(one["name"]) for one in found.get("assigned_users") or ()),
        )

    def to_json(self) -> dict[str, Any]:
        """Return it for programs."""
        return asdict(self)


def find_question(
    server: AirflowServer, project: str, environment: str = "", run: str = ""
) -> Question:
    """Return what waits for somebody's answer.

    :param server: is asked.
    :param project: whose question.
    :param environment: that it is about; any when empty.
    :param run: the run that asks; any when empty.
    :raises RunUnknown: when nothing asks, or more than one thing.
    """
    found = [
        one
        for one in _open(server, project)
        if (not environment or _is_about(one, environment)) and run in ("", one.run_id)
    ]
    place = f"{project} {environment}".strip()
    if not found:
        if not run:
            find_run(server, project, environment)  # there may be no such project
        msg = f"nothing of {visible(place)} waits for an answer"
        raise RunUnknown(msg, advice="`fab status` shows what is under way, and what waits")
    if len(found) > 1:
        msg = f"{len(found)} runs of {visible(place)} wait for an answer:\n" + "\n".join(
            f"  {visible(one.subject)} --run {visible(one.run_id)}" for one in found
        )
        raise RunUnknown(msg, advice="name the environment, or the run with --run")
    return found[0]


def told(question: Question) -> Iterator[str]:
    """Yield a question and its plan, for a terminal."""
    yield visible(question.subject)
    yield from (f"  {line}" for line in plain(question.body))
    if question.asked:
        yield f"  an answer is taken of {', '.join(visible(one) for one in question.asked)}"


def answer(server: AirflowServer, question: Question, *, choice: str, why: str) -> str:
    """Answer a question, once and for all.

    :param server: is told.
    :param question: as it was shown.
    :param choice: one of what may be answered.
    :param why: kept with the answer; empty for nothing.
    :returns: who has answered, as the server knows them.
    :raises RequestRefused: when it is another question now, somebody was quicker, or others are
        asked.
    """
    now = Question.of(server.get(question.path))
    if (now.subject, now.body) != (question.subject, question.body):
        msg = "the plan was made anew while it was read"
        raise RequestRefused(msg, advice="read the new one, and answer that")
    body = {"chosen_options": [choice], "params_input": {_REASON: why} if why else {}}
    try:
        found = server.send("PATCH", question.path, body)
    except RequestRefused as error:
        raise _worded(error, question) from error
    return visible(str((found.get("responded_by") or {}).get("name", "")))


def _worded(error: RequestRefused, question: Question) -> RequestRefused:
    if error.status == HTTPStatus.CONFLICT:
        msg = "somebody has answered already"
        return RequestRefused(msg, advice="`fab follow` shows what became of it")
    if error.status == HTTPStatus.FORBIDDEN and question.asked:
        msg = f"the question is put to {', '.join(visible(one) for one in question.asked)}"
        return RequestRefused(msg, advice="let one of them answer", status=error.status)
    return error


def _open(server: AirflowServer, project: str) -> Iterator[Question]:
    """Yield what waits in a project's own DAG, and in those of its environments."""
    query: Query = {
        "response_received": False,
        "state": [ASKS],
        "dag_id_prefix_pattern": project,
    }
    for found in server.listed("/dags/~/dagRuns/~/hitlDetails", "hitl_details", query):
        one = Question.of(found)
        if one.dag_id == project or one.dag_id.startswith(f"{project}."):
            yield one


def _is_about(question: Question, environment: str) -> bool:
    """Tell whether a question is about an environment; a commit's run deploys to one as well."""
    own = question.dag_id.partition(".")[2]
    return own == environment or (not own and question.subject.endswith(f" to {environment}?"))
