"""Everything that is looked for in a repository."""

from __future__ import annotations

from slipway.tasks.watching.delivered_branch import DeliveredBranch
from slipway.tasks.watching.finder import Finder
from slipway.tasks.watching.other_branches_and_tags import OtherBranches, Tags
from slipway.tasks.watching.pull_requests import PullRequests

FINDERS: tuple[Finder, ...] = (DeliveredBranch(), OtherBranches(), Tags(), PullRequests())
# After a host's own word there is nothing to wait for.
AT_A_HOOK: tuple[Finder, ...] = (*FINDERS[:-1], PullRequests(every=0))
