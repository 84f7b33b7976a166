"""The image that was baked while its commit was tested, and how it becomes the release's.

Until then no tag and no record says what is in it: the task that baked it signs that for its own
run, and `bake_image` alone reads it there, behind the release's record and whatever yes is asked
for. It takes the image on where it would bake the very same; otherwise it bakes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from slipway.exceptions import EnvironmentMisconfigured, RecordRefused
from slipway.hooks.apt.connection import AptRepository
from slipway.hooks.aws.candidate_images import CandidateImage, CandidateImages, candidate_tags
from slipway.hooks.store.image_records import ImageRecord
from slipway.hooks.tools.packer import Bake
from slipway.model.facts import Release
from slipway.policies.image_inputs import changes
from slipway.policies.image_retention import TAKEN_ON_WITHIN
from slipway.tasks.images.search import KnownImages
from slipway.tasks.kept_facts import BAKE_EARLY, run_facts

if TYPE_CHECKING:
    from airflow.sdk import Context

# Variables of the playbook that only a builder is told. They leave nothing in the image, so what it
# is does not depend on them.
_DISTRIBUTION, _COMPONENT = "app_candidate_distribution", "app_candidate_component"


def as_candidate(frame: Bake, project: str) -> Bake:
    """Return the bake of an image by which nobody can tell what is in it.

    :param frame: without the package.
    :param project: the project's name.
    """
    return replace(frame, image_name=candidate_name(project), tags=candidate_tags(project))


def candidate_name(project: str) -> str:
    """Return how the name of a candidate's image begins; a name is as good as a tag.

    :param project: the project's name.
    """
    return f"{project[:60]}-candidate"


def from_candidates(plan: Bake, candidates: AptRepository) -> dict[str, Any]:
    """Return the playbook's variables by which the package comes from the candidates.

    :param plan: of the release's image.
    :param candidates: where they are.
    """
    where = {_DISTRIBUTION: candidates.distribution, _COMPONENT: candidates.component}
    return {**plan.variables, **where}


def signed_early(context: Context, release: Release) -> ImageRecord | None:
    """Return what the run's own task signed of the image that it baked early, if it did.

    :param context: the task's.
    :param release: what must be in it.
    :raises RecordRefused: when somebody else wrote what is there.
    """
    facts = run_facts(context)
    kept = facts.find(BAKE_EARLY) if facts is not None else None
    if kept is None or kept.release != release:
        return None
    return ImageRecord.from_json(kept.told)


def still_there(
    record: ImageRecord, plan: Bake, candidates: CandidateImages, region: str
) -> tuple[CandidateImage | None, str]:
    """Look whether an early image is the one of a plan, and may still be taken on.

    :param record: as its task signed it.
    :param plan: of the release's image.
    :param candidates: of the environment's account and region.
    :param region: the environment's.
    :returns: the image, or None and why not.
    """
    if record.region != region or dict(record.tags) != dict(plan.tags):
        other = "; ".join(changes(record.inputs, plan.inputs)) or "for other machines"
        return None, f"it was baked of something else: {other}"
    image = candidates.find(record.image_id)
    if image is None or image.owner != record.owner:
        return None, "it is not there any more"
    if _is_release(image, plan):  # a try that was killed before its record
        return image, ""
    if not candidate_tags(plan.tags["slipway:project"]).items() <= image.tags.items():
        return None, "its tags were changed after the bake"
    if time.time() - image.created > TAKEN_ON_WITHIN:
        return None, "it was baked so long ago that housekeeping is about to retire it"
    return image, ""


def take_on(
    context: Context, images: KnownImages, plan: Bake, release: Release, log: Callable[[str], None]
) -> ImageRecord | None:
    """Make the run's early image the release's, if it has one of just these inputs.

    Whoever is killed in between is followed by one that does the rest.

    :param context: the task's, which may put the release somewhere.
    :param images: of the environment's account and region.
    :param plan: of the release's image.
    :param release: what must be in it.
    :param log: is told.
    :returns: its record; None where there is nothing to take on.
    """
    try:
        record = signed_early(context, release)
    except RecordRefused as refused:
        log(f"the image that was baked early is not used: {refused.message}")
        return None
    if record is None:
        return None
    candidates = images.catalogue.candidates
    image, why = still_there(record, plan, candidates, images.region)
    if image is None:
        log(f"{record.name} ({record.image_id}), baked early, is not used: {why}")
        return None
    try:
        if not _is_release(image, plan):
            candidates.take_on(image, plan.tags)
    except EnvironmentMisconfigured as refused:  # as by a role from before there were candidates
        log(f"{record.name} ({record.image_id}), baked early, is not used: {refused.message}")
        return None
    log(f"{record.name} ({record.image_id}) was baked while its commit was tested, which passed")
    return images.note(record.image_id, plan.tags, release, plan.inputs)


def _is_release(image: CandidateImage, plan: Bake) -> bool:
    return plan.tags.items() <= image.tags.items()
