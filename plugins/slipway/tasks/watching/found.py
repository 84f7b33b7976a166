"""Something that the watcher found and that is to be run."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from slipway.hooks.store.seen_refs import Kind
from slipway.model.event import Event
from slipway.model.fact import Fact

# The key under which the sensor leaves what is to be remembered of each run, in their order.
SEEN = "seen"
# Characters of a ref's name that stand in a run's id, for people.
_MOST_SHOWN = 60
_DIGITS = 10
_OTHER = re.compile(r"[^A-Za-z0-9.]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen(Fact):
    """What is to be remembered once a run was made.

    :param project: the project's name.
    :param ref: that was seen, such as a branch in full.
    :param value: what it points to.
    :param kind: of the ref; None for the delivered branch.
    """

    project: str
    ref: str
    value: str
    kind: Kind | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Find(Fact):
    """Something that is to be run.

    :param dag_id: of the DAG that runs it.
    :param run_id: of its run: what is found again has the same, which Airflow takes once.
    :param sha: the commit, in full; in a run that only tells of something missing, its ref.
    :param event: what starts the run; None where the run only tells of something missing.
    :param seen: what is to be remembered once the run is there.
    :param conf: of the run, besides its ``ref``.
    """

    dag_id: str
    run_id: str
    sha: str
    event: Event | None
    seen: tuple[Seen, ...] = ()
    conf: Mapping[str, Any] = field(default_factory=dict)

    def as_run(self) -> dict[str, Any]:
        """Return the arguments of a TriggerDagRunOperator."""
        return {
            "trigger_dag_id": self.dag_id,
            "trigger_run_id": self.run_id,
            "conf": {"ref": self.sha, **self.conf},
        }


def fairly(finds: Sequence[Find], most: int) -> list[Find]:
    """Leave out what is too much: as many for each DAG, and of each those that came first.

    Whoever has a hundred commits keeps nobody else's waiting, least of all one whose DAG Airflow
    does not have, of which nothing can be run.

    :param finds: in their order, which is kept.
    :param most: how many stay.
    """
    turns: defaultdict[str, count[int]] = defaultdict(count)
    by_turn = sorted((next(turns[one.dag_id]), place) for place, one in enumerate(finds))
    return [finds[place] for place in sorted(place for _, place in by_turn[:most])]


def run_id(kind: str, name: str, sha: str) -> str:
    """Return the id of the run of a commit that a ref led to: one for each ref and commit.

    :param kind: of ref, as the id's first word.
    :param name: the ref's; hostile text, of which only harmless characters are shown.
    :param sha: the commit, in full.
    """
    shown = _OTHER.sub("-", name)[:_MOST_SHOWN].strip("-.")
    own = hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()[:_DIGITS]
    return f"{kind}__{shown}-{own}__{sha}" if shown else f"{kind}__{own}__{sha}"
