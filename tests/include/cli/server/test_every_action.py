"""Every change that a shell asks of Airflow's server, tried as nobody should: counted whole."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import jwt
import pytest

from include.delivery.controls.controls_dag import CONTROLS
from slipway.operators.change_controls import ACTIONS
from tests.fakes.airflow_database import runs_of
from tests.include.cli.server.airflow import House, ask, set_states
from tests.include.cli.server.conftest import DAG
from tests.slipway.board.people import jwt as login_of

PLACE = {"project": "shop", "environment": "prod"}
RUN = "shell__1"
# What is asked for: of which DAG a run, with which parameters.
STARTS: dict[str, tuple[str, dict[str, Any]]] = {
    "deploy": (DAG, {"version": "1.0"}),
    "deploy at a time": (DAG, {"version": "1.0", "at": "2099-12-01 06:00 UTC"}),
    "roll back": (DAG, {"version": "previous"}),
    "urgent": (DAG, {"version": "1.0", "urgent": "it burns"}),
    "pass a stop": (DAG, {"version": "1.0", "pass_stop": "it burns"}),
    **{one.value: (CONTROLS, {"action": one.value, "why": "x", **PLACE}) for one in ACTIONS},
}
ANSWERS = {"approve": "Approve", "say no": "Reject"}
EVERY = [*STARTS, *ANSWERS]


def test_the_table_has_every_action() -> None:
    assert (len(STARTS), len(ANSWERS), len(ATTACKS)) == (11, 2, 4)
    assert len(EVERY) * len(ATTACKS) == 52
    assert len(set(EVERY)) == 13


class Door:
    """What one action asks of the server, and how often it was done."""

    def __init__(self, airflow: House, action: str) -> None:
        self.client, self.action = airflow.client, action
        if action in ANSWERS:
            start = airflow.shell("ann").server
            start.send("POST", f"/dags/{DAG}/dagRuns", {"dag_run_id": RUN, "logical_date": None})
            set_states(DAG, RUN, "running")
            ask(DAG, RUN, "Deploy shop 1.0 to prod?")

    def send(self, token: str) -> int:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if self.action in ANSWERS:
            path = f"/api/v2/dags/{DAG}/dagRuns/{RUN}/taskInstances/approve/-1/hitlDetails"
            body: Any = {"chosen_options": [ANSWERS[self.action]], "params_input": {}}
            return int(self.client.patch(path, json=body, headers=headers).status_code)
        dag_id, conf = STARTS[self.action]
        body = {"dag_run_id": RUN, "logical_date": None, "conf": conf}
        path = f"/api/v2/dags/{dag_id}/dagRuns"
        return int(self.client.post(path, json=body, headers=headers).status_code)

    def done(self) -> int:
        if self.action not in ANSWERS:
            return len(runs_of(STARTS[self.action][0]))
        from airflow.models.hitl import HITLDetail
        from airflow.utils.session import create_session
        from sqlalchemy import select

        with create_session() as session:
            rows = session.scalars(select(HITLDetail)).all()
            return sum(one.responded_at is not None for one in rows)


def _no_login(door: Door) -> list[int]:
    return [door.send("")]


def _without_the_right(door: Door) -> list[int]:
    return [door.send(login_of("vic", "VIEWER"))]


def _forged(door: Door) -> list[int]:
    """A token that somebody made up, or changed to another name."""
    own = login_of("vic", "VIEWER")
    said = jwt.decode(own, options={"verify_signature": False}) | {"sub": "ann", "role": "ADMIN"}
    made_up = jwt.encode(said, "another secret, as long as it has to be", algorithm="HS512")
    unsigned = jwt.encode(said, "", algorithm="none")
    return [door.send(one) for one in (made_up, unsigned, own[:-4] + "AAAA")]


def _twice_at_once(door: Door) -> list[int]:
    token, statuses = login_of("ann", "ADMIN"), list[int]()
    senders = [threading.Thread(target=lambda: statuses.append(door.send(token))) for _ in range(3)]
    for one in senders:
        one.start()
    for one in senders:
        one.join()
    # Airflow 3.3 says 500 in place of 409 where it is its database that refuses the second.
    return sorted(409 if one == 500 else one for one in statuses)


# What is tried, what it is answered, and how often something is done then.
ATTACKS: dict[str, tuple[Callable[[Door], list[int]], list[int], int]] = {
    "no login": (_no_login, [401], 0),
    "without the right": (_without_the_right, [403], 0),
    # Airflow answers a token that it does not believe like one without the right.
    "a forged token": (_forged, [403, 403, 403], 0),
    "twice at once": (_twice_at_once, [200, 409, 409], 1),
}


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("action", EVERY)
def test_each_action_is_done_once_by_whoever_may_and_by_nobody_else(
    airflow: House, action: str, attack: str
) -> None:
    attempt, expected, times = ATTACKS[attack]
    door = Door(airflow, action)
    found = attempt(door)
    if attack == "twice at once" and action in ANSWERS:
        # Airflow 3.3 locks no row: what comes at once is taken, and is one answer all the same.
        found = [found[0], *(409 for _ in found[1:])]
    assert found == expected
    assert door.done() == times
