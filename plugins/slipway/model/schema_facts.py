"""What a rehearsal found out about a commit's migrations."""

from __future__ import annotations

import dataclasses

from slipway.model.fact import Fact


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class HeavyChange(Fact):
    """A statement of a migration that takes longer the larger a table is, while others wait.

    :param version: of the migration.
    :param file: the migration's.
    :param line: of the file, counting from 1; 0 where it is not known.
    :param table: that others wait for.
    :param effect: what it does to the table, as a verb.
    :param blocks_reads: nobody can even read the table meanwhile.
    :param statement: its beginning.
    :param safer: the way that spares others the wait.
    """

    version: int
    file: str
    line: int
    table: str
    effect: str
    blocks_reads: bool
    statement: str
    safer: str


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class LiveProof(Fact):
    """What was seen of a release that serves, on the schema that a commit migrates to.

    :param environments: where it serves; one where nothing does has a proof as well.
    :param version: the release's; empty where none serves.
    :param outcome: ``held``, ``broken``, ``not needed`` or ``not possible``.
    :param said: how, or why not.
    :param migration: the file that broke it, where that could be seen.
    :param schema: the last migration that it knows.
    """

    environments: tuple[str, ...]
    version: str
    outcome: str
    said: str = ""
    migration: str = ""
    schema: int = 0
