"""What became of the commits, in words and as a table."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tests.faults_commits.contest import Push, Way
from tests.faults_commits.records import BY_HOOK, BY_POLL, Key, Run

_HEAD = ("announced by", "commits", "by hook", "by poll", "seen by both")


@dataclass(kw_only=True)
class Outcome:
    """What became of the commits.

    :param pushes: of which each commit has its run.
    :param runs: that there are.
    :param announced: how many hooks were posted.
    :param taken: how many of them somebody was there to take.
    :param kills: what was killed, in order.
    :param seen_by_both: runs that a hook and a poll both came upon, whoever made them.
    """

    pushes: list[Push] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    announced: int = 0
    taken: int = 0
    kills: list[str] = field(default_factory=list)
    seen_by_both: set[Key] = field(default_factory=set)

    @property
    def commits(self) -> dict[str, str]:
        """Each sha -> its project."""
        return {sha: push.project for push in self.pushes for sha in push.shas}

    @property
    def made_by(self) -> Counter[str]:
        """How many runs hooks made, and polls."""
        return Counter(run.how for run in self.runs)

    def problems(self) -> list[str]:
        """Say what is not as it should be: one run of each commit, and no other."""
        count = Counter((run.project, run.run_id) for run in self.runs)
        wanted = {key for push in self.pushes for key in push.keys}
        return [
            *(f"{one} has {number} runs" for one, number in count.items() if number > 1),
            *(f"{one} has no run" for one in sorted(wanted - count.keys())),
            *(f"{one} is of nobody's commit" for one in sorted(count.keys() - wanted)),
        ]

    def table(self) -> str:
        """Say of each way of becoming known who made the runs, and how often both came."""
        ways = {key: push.way for push in self.pushes for key in push.keys}
        how = {(run.project, run.run_id): run.how for run in self.runs}
        rows: list[tuple[str, ...]] = [_HEAD]
        for name, those in [(way.value, {way}) for way in Way] + [("all", set(Way))]:
            keys = [key for key, way in ways.items() if way in those]
            made = Counter(how.get(key) for key in keys)
            both = len(self.seen_by_both.intersection(keys))
            figures = (len(keys), made[BY_HOOK], made[BY_POLL], both)
            rows.append((name, *map(str, figures)))
        return "\n".join(
            f"{first:28}" + "".join(f"{one:>14}" for one in rest) for first, *rest in rows
        )

    def __str__(self) -> str:
        """Sum it up in a line."""
        killed = Counter(self.kills)
        deaths = ", ".join(f"{part} {number}" for part, number in sorted(killed.items()))
        return (
            f"{len(self.commits)} commits, {self.announced} hooks ({self.taken} taken), "
            f"killed: {deaths or 'nobody'}; {len(self.runs)} runs"
        )
