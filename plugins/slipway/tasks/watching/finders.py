"""Everything that is looked for in a repository."""

from __future__ import annotations

from slipway.tasks.watching.delivered import DeliveredBranch
from slipway.tasks.watching.finder import Finder
from slipway.tasks.watching.other_refs import OtherBranches, Tags

FINDERS: tuple[Finder, ...] = (DeliveredBranch(), OtherBranches(), Tags())
