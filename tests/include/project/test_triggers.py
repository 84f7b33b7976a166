"""Schedules as people write them, and what they are told where it is no schedule."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from include.project.loader import PROJECTS, load_project
from include.project.model import Project
from include.project.triggers import Trigger


def read(cron: str, **more: Any) -> Trigger:
    return Trigger.model_validate({"cron": cron, **more})


@pytest.mark.parametrize(
    ("written", "cron", "zone"),
    [
        ("0 3 * * *", "0 3 * * *", "UTC"),
        ("  0  3 * *   mon-fri ", "0 3 * * mon-fri", "UTC"),
        ("0 3 * * * Europe/Berlin", "0 3 * * *", "Europe/Berlin"),
        ("*/15 8-18 1,15 jan-mar sun UTC", "*/15 8-18 1,15 jan-mar sun", "UTC"),
        ("0 3 L * *", "0 3 L * *", "UTC"),
        ("0 3 29 2 *", "0 3 29 2 *", "UTC"),
        ("@daily", "0 0 * * *", "UTC"),
        ("@Weekly Europe/Berlin", "0 0 * * 0", "Europe/Berlin"),
    ],
)
def test_what_people_write(written: str, cron: str, zone: str) -> None:
    assert (read(written).cron, read(written).timezone) == (cron, zone)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("0 25 * * *", "'25' is no hour, which is 0 to 23"),
        ("60 * * * *", "'60' is no minute, which is 0 to 59"),
        ("0 3 * * monday", "'monday' is no day of the week, which is 0 to 7 or sun to sat"),
        ("0 3 32 * *", "'32' is no day of the month, which is 1 to 31"),
        ("0 3 * 13 *", "'13' is no month, which is 1 to 12 or jan to dec"),
        ("*/0 * * * *", "'*/0' is no minute"),
        ("R 3 * * *", "'R' is no minute"),  # it would be another one each time it is read
        ("H 3 * * *", "'H' is no minute"),
        ("0 3 30 2 *", "there is no day like that of '0 3 30 2 *'"),
        ("0 0 3 * * *", "has six fields: where the first one is for seconds, leave it out"),
        ("nightly", "'nightly' has one field and not five"),
        ("", "has one field and not five"),
        ("0 3 * *", "has 4 fields and not five"),
        ("@dialy", "'@dialy' is none of cron's names; did you mean '@daily'?"),
        ("@every 10m", 'every ten minutes is "*/10 * * * *"'),
        ("@reboot", "is none of cron's names"),
        ("0 3 * * * Europe/Berln", "is not a time zone; did you mean 'Europe/Berlin'?"),
        ("0 3 * * *; rm -rf /", "has 8 fields"),
        ("{{ 7*7 }} 3 * * *", "has 7 fields"),
    ],
)
def test_a_mistake_is_named(written: str, told: str) -> None:
    with pytest.raises(ValidationError) as error:
        read(written)
    assert told in str(error.value)


def test_a_time_zone_stands_in_one_place() -> None:
    assert read("0 3 * * *", timezone="Asia/Tokyo").timezone == "Asia/Tokyo"
    with pytest.raises(ValidationError, match="stands in both, `cron`"):
        read("0 3 * * * UTC", timezone="UTC")
    with pytest.raises(ValidationError, match="is not a time zone"):
        read("0 3 * * *", timezone="Europe/Berln")


def test_a_project_has_as_many_as_it_likes_by_names_of_its_own() -> None:
    project = load_project(PROJECTS / "guestbook.yaml")
    assert project.triggers == {}
    told = project.model_dump(mode="json", by_alias=True, exclude_unset=True)
    told["triggers"] = {"nightly": {"cron": "0 3 * * *", "branch": "main"}, "weekly": {}}
    with pytest.raises(ValidationError, match=r"triggers\.weekly\.cron"):
        Project.model_validate(told)
    told["triggers"] = {"Nightly": {"cron": "0 3 * * *"}}
    with pytest.raises(ValidationError, match=r"triggers\.Nightly"):
        Project.model_validate(told)
