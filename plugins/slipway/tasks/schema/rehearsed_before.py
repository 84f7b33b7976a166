"""Rehearses once what is the same each time.

A rehearsal comes to the same end as long as all that it depends on is the same: the migrations, the
states that the environments' databases are in, the Postgres, and the releases that have to work on
what comes of it. One that went well counts for the next commit too, for a day: what its containers
fetch from elsewhere, a distribution's packages, is not looked at here and may change.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from slipway.exceptions import RecordRefused
from slipway.hooks.migrations.rehearsal_records import RehearsalRecords, Rehearsed
from slipway.model.event import EventKind
from slipway.tasks.proof.outcomes import HELD, NOT_NEEDED, described
from slipway.tasks.schema.own_code import own_code

if TYPE_CHECKING:
    from slipway.hooks.migrations.migration_files import MigrationFiles
    from slipway.model.facts import Checkout, SchemaVersion
    from slipway.model.schema_facts import LiveProof
    from slipway.tasks.proof.live_proof import MigrationProof
    from slipway.tasks.proof.live_releases import LiveRelease, Serving
    from slipway.tasks.schema.rehearsal import Rehearsal
    from slipway.tasks.schema.starts import SchemaStart

# Seconds for which a rehearsal counts.
_COUNTS = 24 * 3600.0


@dataclass(frozen=True, kw_only=True)
class RehearsedBefore:
    """What one rehearsal depends on, and whether one like it is on record.

    :param records: of the project's rehearsals.
    :param checkout: the commit.
    :param rehearsal: how it is rehearsed.
    :param migrations: the commit's.
    :param starts: where the environments stand.
    :param proof: how releases are tried; None where none is.
    :param serving: the releases that serve.
    :param log: receives what there is to say.
    :param clock: gives the time, in seconds since 1970.
    """

    records: RehearsalRecords
    checkout: Checkout
    rehearsal: Rehearsal
    migrations: MigrationFiles
    starts: Sequence[SchemaStart]
    proof: MigrationProof | None
    serving: Serving
    log: Callable[[str], None]
    clock: Callable[[], float] = time.time

    def recall(self, *, anew: bool = False) -> SchemaVersion | None:
        """Return what was seen when the same was rehearsed; None where it has to be done.

        To be asked before the rehearsal, in any case.

        :param anew: it has to be, whatever is on record.
        """
        try:
            found = self.records.find(self.checkout.release.project, self._digest)
        except RecordRefused as error:
            self.log(f"what was rehearsed before does not count: {error.message}")
            return None
        if anew or found is None or not 0 <= self.clock() - found.at < _COUNTS:
            return None
        when = time.strftime("%Y-%m-%d %H:%M", time.gmtime(found.at))
        self.log(
            f"the same migrations were rehearsed for {found.release.version}, at {when} UTC, from "
            "the same databases and beside the same releases; that counts for a day"
        )
        seen = {one.environments: one for one in found.schema.proofs}
        proofs = [self._settled(live) or seen[live.environments] for live in self.serving.lives]
        for one in proofs:
            self.log(described(one))
        return replace(found.schema, proofs=(*proofs, *self.serving.without))

    def keep(self, schema: SchemaVersion) -> None:
        """Note what was seen, where the next commit may go by it.

        What could not be tried is tried again, and what failed is told again. What a pull request
        brings is nobody's but its own.

        :param schema: what was seen.
        """
        sure = all(one.outcome in (HELD, NOT_NEEDED) for one in schema.proofs)
        if not sure or self.checkout.cause.kind is EventKind.PULL_REQUEST:
            return
        rehearsed = Rehearsed(
            digest=self._digest, release=self.checkout.release, at=self.clock(), schema=schema
        )
        try:
            self.records.put(rehearsed)
        except RecordRefused as error:
            self.log(f"this rehearsal is not noted for the next commit: {error.message}")

    def _settled(self, live: LiveRelease) -> LiveProof | None:
        return self.proof.settled(self.migrations, live) if self.proof else None

    @cached_property
    def _digest(self) -> str:
        """Return a SHA-256 of all that the rehearsal depends on, as it was before it began.

        What is changed meanwhile, a health check say, is not what was tried.
        """
        how, proof = self.rehearsal, self.proof
        tried = [one for one in self.serving.lives if not self._settled(one)]
        depends: dict[str, Any] = {
            "slipway": [version("slipway"), own_code()],
            "migrations": _sha256(self.migrations.archive),
            "starts": [[_sha256(one.migrations.archive), one.version] for one in self.starts],
            "postgres": [how.postgres, how.image, how.extensions, how.roles],
            "env": dict(how.env),
            "rehearse": how.rehearse,
            "tried": [proof.question(one) for one in tried] if proof else None,
        }
        return _sha256(json.dumps(depends, sort_keys=True).encode())


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
