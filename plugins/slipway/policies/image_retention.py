"""Which machine images are kept, and which go: a decision, and nothing else.

When in doubt an image stays: one too many costs cents, one too few is a way back that is closed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from slipway.model.cloud.stored_image import StoredImage

# Seconds for which no image goes, whatever else is known of it: a run may be about to launch it.
YOUNG = 86_400.0
# Seconds within which a candidate becomes a release's image, hours before it is old enough to go.
TAKEN_ON_WITHIN = 72_000.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What becomes of an image, and why.

    :param image: that is judged.
    :param goes: it is retired; otherwise it is kept.
    :param reason: why, for people.
    """

    image: StoredImage
    goes: bool
    reason: str

    def __str__(self) -> str:
        """Say it as a line of a log."""
        word = "retire" if self.goes else "keep"
        return f"{word} {self.image.image_id} ({self.image.name}): {self.reason}"


def own_images(
    images: Iterable[StoredImage], *, installation: str, recorded: Callable[[StoredImage], bool]
) -> tuple[tuple[StoredImage, ...], tuple[Verdict, ...]]:
    """Tell one's own images from those of others, which are theirs to retire.

    :param images: of the account and region.
    :param installation: one's own name.
    :param recorded: whether one's own catalogue names an image that carries nobody's name.
    :returns: one's own, and a word on each of which nobody can say whose it is.
    """
    own, unknown = [], []
    for image in images:
        named = image.installation or (installation if recorded(image) else "")
        if named == installation:
            own.append(image)
        elif not named:
            unknown.append(image)
    reason = f"nobody knows whose it is; tag it slipway:installation={installation} if it is yours"
    return tuple(own), tuple(Verdict(image=one, goes=False, reason=reason) for one in unknown)


def judge_releases(
    images: Iterable[StoredImage],
    *,
    in_use: Collection[str],
    last: Sequence[str],
    deployed: Collection[str],
    now: float,
    kept: Collection[str] = (),
) -> tuple[Verdict, ...]:
    """Judge the images of a project's releases.

    :param images: one's own, of this project.
    :param in_use: images of server groups, launch templates and machines, standbys among them.
    :param last: versions of the last releases, as many as are kept.
    :param deployed: versions that an environment runs, or goes back to.
    :param now: seconds since 1970, by the clock that the images were dated with.
    :param kept: images that an environment had and may go back to, with other settings say.
    """
    ordered = sorted(images, key=lambda image: (-image.created, image.image_id))
    # Environments may have machines of different kinds, and so images of their own of a version.
    newest: dict[tuple[str, str], str] = {}
    for image in ordered:
        newest.setdefault((image.version, image.machine), image.image_id)

    def judge(image: StoredImage) -> Verdict:
        held = _held(image, in_use, now)
        if held:
            return Verdict(image=image, goes=False, reason=held)
        if not last:
            reason = "no release is recorded, so nobody knows which are the last"
            return Verdict(image=image, goes=False, reason=reason)
        if image.image_id in kept:
            reason = f"{image.version} served with it, and may come back so"
            return Verdict(image=image, goes=False, reason=reason)
        if image.version not in {*last, *deployed}:
            return Verdict(image=image, goes=True, reason=f"{len(last)} releases came after it")
        latest = newest[image.version, image.machine]
        if latest != image.image_id:
            reason = f"{latest} is a newer image of {image.version}"
            return Verdict(image=image, goes=True, reason=reason)
        why = "is deployed" if image.version in deployed else "is among the last releases"
        return Verdict(image=image, goes=False, reason=f"{image.version} {why}")

    return tuple(judge(image) for image in ordered)


def judge_candidates(
    images: Iterable[StoredImage], *, in_use: Collection[str], now: float
) -> tuple[Verdict, ...]:
    """Judge images that were baked early, and that no release has taken on.

    :param images: one's own, of this project.
    :param in_use: images of server groups, launch templates and machines.
    :param now: seconds since 1970, by the clock that the images were dated with.
    """
    reason = "its commit did not pass, or was not deployed within a day"

    def judge(image: StoredImage) -> Verdict:
        held = _held(image, in_use, now)
        return Verdict(image=image, goes=not held, reason=held or reason)

    return tuple(judge(image) for image in images)


def judge_bases(
    images: Iterable[StoredImage],
    *,
    in_use: Collection[str],
    made_of: Collection[str],
    keep: int,
    now: float,
) -> tuple[Verdict, ...]:
    """Judge base layers, those of each operating system and architecture by themselves.

    :param images: one's own base layers.
    :param in_use: images of server groups, launch templates and machines.
    :param made_of: those that the images which are there were made of.
    :param keep: how many of the newest of a platform stay in any case.
    :param now: seconds since 1970, by the clock that the images were dated with.
    """
    ordered = sorted(images, key=lambda image: (-image.created, image.image_id))

    places: Counter[str] = Counter()

    def judge(image: StoredImage) -> Verdict:
        place, held = places[image.platform], _held(image, in_use, now)
        places[image.platform] += 1
        if not held and place < keep:
            held = " ".join(f"one of the {keep} newest {image.platform}".split())
        if not held and image.image_id in made_of:
            held = "an image that is kept was made of it"
        reason = held or f"{place} are newer, and no image was made of it"
        return Verdict(image=image, goes=not held, reason=reason)

    return tuple(judge(image) for image in ordered)


def _held(image: StoredImage, in_use: Collection[str], now: float) -> str:
    if image.image_id in in_use:
        return "a server group, a launch template or a machine uses it"
    if now - image.created < YOUNG:
        return "it is younger than a day"
    return ""
