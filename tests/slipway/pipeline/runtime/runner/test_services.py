"""Services: found by name, waited for, and missed when they stop."""

from __future__ import annotations

from dataclasses import replace

import pytest

from slipway.pipeline.runtime.readiness import ServiceStopped
from tests.fakes.container_engine import Play
from tests.slipway.pipeline.runtime.runner.cases import POSTGRES, SERVICE, Case, steps


def test_a_service_is_reachable_by_name_and_waited_for() -> None:
    closed = (0, "sl local_address rem_address st\n")
    open_ = (0, "0: 00000000:1538 00000000:0000 0A\n")
    case = Case(
        SERVICE + steps(a=""),
        {"db": Play(tables=(closed, closed, open_))},
        images={"postgres": POSTGRES},
    )
    case.run()
    service = case.engine.specs[1]
    assert (service.aliases, service.network) == (("db",), "run")
    assert any("db (postgres) ready after" in line for line in case.log)


def test_a_service_that_stops_fails_the_run_with_its_last_lines() -> None:
    plays = {"db": Play(exit_code=1, lines=("no password set",))}
    case = Case(SERVICE + steps(a=""), plays, images={"postgres": POSTGRES})
    with pytest.raises(
        ServiceStopped, match=r"'db' stopped with exit code 1(.|\n)*no password set"
    ):
        case.run()


def test_a_service_without_cat_is_watched_from_the_first_steps_image() -> None:
    case = Case(
        SERVICE + steps(a=""),
        {"db": Play(tables=((126, "exec: cat: not found"),)), "run-service-1-db-onlooker": Play()},
        images={"postgres": POSTGRES, "i": replace(POSTGRES, id="sha256:i")},
    )
    case.run()
    onlooker = case.engine.specs[-1] if len(case.engine.specs) == 2 else case.engine.specs[2]
    assert onlooker.image == "sha256:i"
    assert onlooker.network == "container:c2"
