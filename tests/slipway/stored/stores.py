"""A store as Slipway writes one, kept as files: names, signatures and all.

``store/`` is never changed: what it holds is in somebody's bucket. What is new is added by::

    python -m tests.slipway.stored.write
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from slipway.hooks.store.approvals import Approval, ApprovalBook
from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.caches import Caches
from slipway.hooks.store.controls import ControlBook
from slipway.hooks.store.environments.snapshots import Snapshots
from slipway.hooks.store.notes.hooks import note_finds, note_hook
from slipway.hooks.store.releases import ReleaseCatalogue
from slipway.hooks.store.runs.facts import RunFacts
from slipway.model.board.snapshot import EnvironmentSnapshot, Machines, Serving
from slipway.model.cache import CacheScopes
from slipway.model.controls import Action, ControlEvent
from slipway.model.event import Event, EventKind
from slipway.policies.controls import after
from tests.slipway.operators.releases import make_proposal, make_record

STORE = Path(__file__).with_name("store")
INSTALLATION, TAR = "kept", b"a folder" + b"\0" * 1024
NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
RECORD, PROPOSAL = make_record("1.4.0"), make_proposal("1.4.0")
YES = Approval(approved=True, by="Ada", at=1, digest=PROPOSAL.digest, started_by="Bob")
PUSH = Event(kind=EventKind.PUSH, ref="refs/heads/main")
HELD = ControlEvent(
    action=Action.HOLD,
    at=0,
    dag_id="shop.controls",
    run_id="r1",
    project="shop",
    environment="dev",
    by="ann",
    why="slow",
)


def seen(one: EnvironmentSnapshot) -> EnvironmentSnapshot:
    """Say of an environment what the board shows."""
    serving = Serving(version="1.4.0", since=1.0, asked_by="ada")
    return replace(one, serving=serving, machines=Machines(healthy=2, wanted=2))


def caches_of(store: ArtifactStore) -> Caches:
    """Return the caches of a run on the delivered branch."""
    return Caches(
        store,
        project="shop",
        scopes=CacheScopes(written="branch", read=("branch",)),
        keys={"node_modules": "1"},
        commit="c" * 40,
        say=lambda _: None,
        clock=lambda: NOW,
    )


def fill(store: ArtifactStore) -> None:
    """Write what is kept."""
    ReleaseCatalogue(store).record(RECORD)
    book = ApprovalBook(store, project="shop", environment="dev")
    book.propose(PROPOSAL)
    book.answer(PROPOSAL, YES)
    RunFacts(store, dag_id="shop", run_id="r1").announce(PUSH, "c" * 40)
    Snapshots(store, INSTALLATION).change("shop", "dev", seen)
    ControlBook(store, clock=lambda: 1.0).note(HELD, after)
    caches_of(store).keep("default", "node_modules", iter([TAR]))
    note_hook(store, "shop", "github", NOW)
    note_finds(store, "shop", [NOW])


def add() -> None:
    """Add what is not there yet."""
    with tempfile.TemporaryDirectory() as folder:
        fill(ArtifactStore(Path(folder).as_uri()))
        written = [one for one in Path(folder).rglob("*") if one.is_file()]
        for file in written:
            kept = STORE / file.relative_to(folder)
            if not kept.exists():
                kept.parent.mkdir(parents=True, exist_ok=True)
                kept.write_bytes(file.read_bytes())
