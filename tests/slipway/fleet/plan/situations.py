"""Situations, what is wanted in each, and the step that follows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from slipway.fleet.goals import ActionKind, Goal
from slipway.model.fleet import SCALING, ServerGroup
from tests.slipway.fleet.worlds import NAME, NOW, make_group


def _fresh(**more: Any) -> ServerGroup:
    """The new group: up, outside the balancer, nothing proved."""
    return make_group("2", **({"attached": False, "live_since": None} | more))


def joined(**more: Any) -> ServerGroup:
    """The new group: in the balancer and healthy, nothing proved."""
    return make_group("2", **({"live_since": None} | more))


LIVE = make_group("1")
HELD = make_group("1", suspended=SCALING, held=SCALING)
OUT = make_group("1", attached=False, suspended=SCALING, held=SCALING)
WARM = replace(OUT, standby_until=NOW + 60)
DUE = replace(OUT, standby_until=NOW)
FAILED = make_group("1", attached=False, live_since=None)
ADOPTED = make_group(None)
SICK = make_group("1", health="unhealthy", suspended=SCALING, held=SCALING)
LOST = make_group("0", attached=False, live_since=None, machines=())
SITUATIONS: list[tuple[str, Goal, tuple[ServerGroup, ...], list[tuple[ActionKind, str]], str]] = [
    (
        "the first release ever",
        Goal.LAUNCHED,
        (),
        [(ActionKind.LAUNCH, NAME)],
        "nothing serves yet",
    ),
    (
        "beside a live group, which is held still first",
        Goal.LAUNCHED,
        (LIVE,),
        [(ActionKind.SUSPEND_SCALING, "shop-dev-1"), (ActionKind.LAUNCH, NAME)],
        "has 2 machines now",
    ),
    (
        "beside a live group that is held already",
        Goal.LAUNCHED,
        (HELD,),
        [(ActionKind.LAUNCH, NAME)],
        "has 2 machines now",
    ),
    (
        "held halfway: noted, not suspended",
        Goal.LAUNCHED,
        (replace(HELD, suspended=frozenset()), _fresh()),
        [(ActionKind.SUSPEND_SCALING, "shop-dev-1")],
        "side by side",
    ),
    (
        "beside a fleet made by hand",
        Goal.LAUNCHED,
        (ADOPTED,),
        [(ActionKind.SUSPEND_SCALING, "by-hand"), (ActionKind.LAUNCH, NAME)],
        "by-hand has 2 machines",
    ),
    (
        "an earlier failed one is still going away",
        Goal.LAUNCHED,
        (HELD, _fresh(deleting=True)),
        [],
        "still going away",
    ),
    ("launched already", Goal.LAUNCHED, (HELD, _fresh()), [], "there already"),
    (
        "left by a try with an earlier bake",
        Goal.LAUNCHED,
        (HELD, _fresh(image_id="ami-old")),
        [(ActionKind.DELETE, NAME)],
        "ami-old",
    ),
    ("the same version again", Goal.LAUNCHED, (make_group("2"),), [], "there already"),
    (
        "the same version again, baked anew, is not exchanged under traffic",
        Goal.LAUNCHED,
        (make_group("2", image_id="ami-old"),),
        [],
        "made of ami-old",
    ),
    (
        "roll back to a warm standby that is smaller than today's traffic",
        Goal.LAUNCHED,
        (
            make_group("1", size=3, suspended=SCALING, held=SCALING),
            make_group("2", attached=False, standby_until=NOW + 9),
        ),
        [(ActionKind.WAKE, NAME), (ActionKind.RESIZE, NAME)],
        "it takes 3 machines",
    ),
    (
        "the same version again, scaled to nothing by hand",
        Goal.LAUNCHED,
        (make_group("2", size=0),),
        [(ActionKind.RESIZE, NAME)],
        "it takes 2 machines",
    ),
    (
        "healthy, so it is let in",
        Goal.IN_TRAFFIC,
        (HELD, _fresh()),
        [(ActionKind.ATTACH, NAME)],
        "healthy when asked directly",
    ),
    ("let in already", Goal.IN_TRAFFIC, (HELD, joined()), [], "already"),
    ("deleted by hand before it was let in", Goal.IN_TRAFFIC, (HELD,), [], "is gone"),
    (
        "going away before it was let in",
        Goal.IN_TRAFFIC,
        (HELD, _fresh(deleting=True)),
        [],
        "is gone",
    ),
    (
        "in service: noted first, then the old one is drained",
        Goal.OLD_RETIRED,
        (HELD, joined()),
        [(ActionKind.MARK_LIVE, NAME), (ActionKind.DETACH, "shop-dev-1")],
        "serves with 2 machines",
    ),
    (
        "noted, then interrupted",
        Goal.OLD_RETIRED,
        (HELD, joined(live_since=900)),
        [(ActionKind.DETACH, "shop-dev-1")],
        "serves with 2 machines",
    ),
    (
        "not in service yet",
        Goal.OLD_RETIRED,
        (HELD, joined(health="initial")),
        [],
        "0 of 2 machines",
    ),
    (
        "the old one grew meanwhile",
        Goal.OLD_RETIRED,
        (make_group("1", size=4), joined()),
        [(ActionKind.RESIZE, NAME)],
        "it takes 4 machines",
    ),
    (
        "two old groups serve, and all their machines are made up for",
        Goal.OLD_RETIRED,
        (make_group("0"), LIVE, joined()),
        [(ActionKind.RESIZE, NAME)],
        "it takes 4 machines",
    ),
    (
        "draining",
        Goal.OLD_RETIRED,
        (make_group("1", attached=False, health="draining"), joined(live_since=900)),
        [],
        "shop-dev-1 is draining",
    ),
    (
        "drained and not kept",
        Goal.OLD_RETIRED,
        (OUT, make_group("2")),
        [(ActionKind.DELETE, "shop-dev-1")],
        "no longer kept",
    ),
    (
        "a standby whose time is over",
        Goal.OLD_RETIRED,
        (DUE, make_group("2")),
        [(ActionKind.DELETE, "shop-dev-1")],
        "no longer kept",
    ),
    ("a standby whose time is not over", Goal.OLD_RETIRED, (WARM, make_group("2")), [], ""),
    (
        "a fleet made by hand is let out, never deleted",
        Goal.OLD_RETIRED,
        (make_group(None, attached=False), make_group("2")),
        [],
        "",
    ),
    (
        "a woken standby scales again",
        Goal.OLD_RETIRED,
        (make_group("2", suspended=SCALING, held=SCALING),),
        [(ActionKind.RESUME_SCALING, NAME)],
        "alone",
    ),
    (
        "a bad one before it was let in",
        Goal.ROLLED_BACK,
        (HELD, _fresh()),
        [(ActionKind.RESUME_SCALING, "shop-dev-1"), (ActionKind.DELETE, NAME)],
        "alone",
    ),
    (
        "a bad one in traffic",
        Goal.ROLLED_BACK,
        (HELD, joined(health="unhealthy")),
        [(ActionKind.DETACH, NAME)],
        "2 machines of the release before",
    ),
    ("a bad one that drains", Goal.ROLLED_BACK, (HELD, _fresh(health="draining")), [], "draining"),
    (
        "a bad first one that never served",
        Goal.ROLLED_BACK,
        (joined(health="unhealthy"),),
        [(ActionKind.DETACH, NAME)],
        "nothing served",
    ),
    (
        "nothing but the bad one serves: it stays",
        Goal.ROLLED_BACK,
        (joined(),),
        [],
        "without it nothing would serve",
    ),
    (
        "a swap that changed nothing cannot roll back what served before",
        Goal.ROLLED_BACK,
        (make_group("2"), WARM),
        [],
        "served before this swap",
    ),
    (
        "the old one is sick: the new one keeps the traffic",
        Goal.ROLLED_BACK,
        (SICK, joined()),
        [],
        "shop-dev-1 is not in service",
    ),
    (
        "the old one is gone, but the one before is warm",
        Goal.ROLLED_BACK,
        (WARM, joined(health="unhealthy")),
        [(ActionKind.ATTACH, "shop-dev-1")],
        "still warm",
    ),
    (
        "only a release that never proved good is out there",
        Goal.ROLLED_BACK,
        (replace(FAILED, standby_until=NOW + 9), make_group("2", health="bad")),
        [],
        "stays",
    ),
    (
        "a standby that was let in is nobody's standby",
        Goal.ROLLED_BACK,
        (replace(WARM, attached=True),),
        [(ActionKind.WAKE, "shop-dev-1"), (ActionKind.RESUME_SCALING, "shop-dev-1")],
        "wanted again",
    ),
    ("rolled back already", Goal.ROLLED_BACK, (LIVE,), [], ""),
    (
        "an old run's roll back is cleared while its release is a standby",
        Goal.ROLLED_BACK,
        (LIVE, make_group("2", attached=False, standby_until=NOW + 9)),
        [],
        "standby",
    ),
    (
        "housekeeping takes what is due, and only that",
        Goal.STANDBYS_RETIRED,
        (DUE, replace(WARM, name="other"), make_group("2")),
        [(ActionKind.DELETE, "shop-dev-1")],
        "is over",
    ),
]
