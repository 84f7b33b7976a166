"""What passes on from the serving group to the next, as it was found when it was looked for."""

from __future__ import annotations

from dataclasses import dataclass

from slipway.model.text.nearest import Named


@dataclass(frozen=True, kw_only=True, slots=True)
class GoneSeen:
    """Something that the serving group names, and that is not there.

    :param what: it was.
    :param drop: how ``instance.drop`` calls what leaves it out.
    :param name: its name alone.
    :param names: of those that there are, for a hint.
    """

    what: str
    drop: str
    name: str = ""
    names: tuple[Named, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class InheritedSeen:
    """What passes on from the serving group, and is not there any more.

    :param key_pair: its name.
    :param key_pairs: those that there are.
    :param hooks: a lifecycle hook, and whom it cannot tell any more, each.
    :param lost_topics: of SNS, that the group notifies.
    :param topics: those that there are.
    :param volume_keys: a key of KMS, and the device of the volume that it encrypts, each; they may
        be there.
    :param gone: of the rest.
    """

    key_pair: str = ""
    key_pairs: tuple[Named, ...] = ()
    hooks: tuple[tuple[str, str], ...] = ()
    lost_topics: tuple[str, ...] = ()
    topics: tuple[Named, ...] = ()
    volume_keys: tuple[tuple[str, str], ...] = ()
    gone: tuple[GoneSeen, ...] = ()
