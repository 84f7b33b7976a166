"""How the proof of a release that serves may end, and the words for it."""

from __future__ import annotations

from slipway.model.schema_facts import LiveProof

HELD, BROKEN = "held", "broken"
NOT_NEEDED, NOT_POSSIBLE = "not needed", "not possible"


def described(proof: LiveProof) -> str:
    """Say how a proof ended, for people."""
    places = " and ".join(proof.environments)
    if not proof.version:
        return f"{places}: nothing to prove the migrations against: {proof.said}"
    release = f"release {proof.version}, which serves {places},"
    if proof.outcome == BROKEN:
        since = f" after {proof.migration}" if proof.migration else ""
        return f"{release} fails on the migrated schema{since}: {proof.said}"
    if proof.outcome == NOT_POSSIBLE:
        return f"{release} cannot be tried on the migrated schema, because {proof.said}"
    how = "works on the migrated schema" if proof.outcome == HELD else "needs no proof"
    return f"{release} {how}: {proof.said}"
