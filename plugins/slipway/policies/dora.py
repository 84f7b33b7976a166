"""The four figures of delivery: lead time, frequency, change-failure rate, time to restore.

Pure over the deployments on record; ``docs/dora.md`` says what counts as what, and why.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from slipway.model.board.deployment import CommitLine, DeploymentRecord
from slipway.model.edition import version_of
from slipway.model.facts.outcome import Outcome

DAY = 86400.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """A release that a deployment may bring.

    :param version: the release's version.
    :param commit: that it was made of.
    """

    version: str
    commit: CommitLine


@dataclass(frozen=True, kw_only=True, slots=True)
class Lead:
    """How long a commit took until it served.

    :param change: the commit's release.
    :param seconds: from the commit, by its committer's clock.
    """

    change: Change
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """A deployment that brought, or would have brought, something new.

    :param record: of the deployment.
    :param failed: it did not come to serve, or was taken back afterwards.
    :param leads: of the commits that served for the first time with it.
    """

    record: DeploymentRecord
    failed: bool = False
    leads: tuple[Lead, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Restoration:
    """How long something that failed was in the way.

    :param broke: the deployment that failed.
    :param cured: the one that ended it; the same where it went back by itself.
    :param seconds: from the one to the other.
    """

    broke: DeploymentRecord
    cured: DeploymentRecord
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """The figures of one environment in a length of time, with what each is made of.

    :param since: seconds since 1970, as all times.
    :param until: which is no part of it.
    :param begun: the first deployment there ever was; 0 where it is not known.
    :param deliveries: by the time of their end, the oldest first.
    :param restorations: by the time of the cure, likewise.
    :param still_broken: what failed at the end, and nothing has come to serve since.
    """

    since: float
    until: float
    begun: float = 0.0
    deliveries: tuple[Delivery, ...] = ()
    restorations: tuple[Restoration, ...] = ()
    still_broken: DeploymentRecord | None = None

    @property
    def days(self) -> float:
        """How many days are looked at: those since the first deployment, one at least."""
        return max(1.0, (self.until - max(self.since, self.begun)) / DAY)

    @property
    def succeeded(self) -> int:
        """How many deployments came to serve, also those that were taken back later."""
        return sum(one.record.outcome is Outcome.SUCCEEDED for one in self.deliveries)

    @property
    def failed(self) -> int:
        """How many changes failed."""
        return sum(one.failed for one in self.deliveries)

    @property
    def leads(self) -> tuple[Lead, ...]:
        """The lead times of all commits that came to serve."""
        return tuple(lead for one in self.deliveries for lead in one.leads)

    @property
    def lead_seconds(self) -> float | None:
        """The median lead time of a commit; None where none came to serve."""
        return median(one.seconds for one in self.leads) if self.leads else None

    @property
    def deployments_per_day(self) -> float:
        """How often something new came to serve."""
        return self.succeeded / self.days

    @property
    def failure_rate(self) -> float | None:
        """The part of all changes that failed, from 0 to 1; None where there was no change."""
        return self.failed / len(self.deliveries) if self.deliveries else None

    @property
    def restore_seconds(self) -> float | None:
        """The median time to restore; None where nothing was restored."""
        found = [one.seconds for one in self.restorations]
        return median(found) if found else None

    def part(self, since: float, until: float) -> Figures:
        """Return the figures of a shorter time within this one."""
        return dataclasses.replace(
            self,
            since=since,
            until=until,
            deliveries=tuple(one for one in self.deliveries if since <= ended(one.record) < until),
            restorations=tuple(
                one for one in self.restorations if since <= served(one.cured) < until
            ),
            still_broken=None,
        )


def figures(
    records: Iterable[DeploymentRecord],
    changes: Sequence[Change],
    *,
    since: float,
    until: float,
) -> Figures:
    """Work the figures out.

    :param records: an environment's deployments, in any order; those from before ``since`` tell
        what was taken back and which commits had served already.
    :param changes: the project's releases in the order of its branch, the oldest first.
    :param since: seconds since 1970.
    :param until: seconds since 1970; what ended then or later does not count.
    """
    past = [one for one in records if not one.is_under_way and ended(one) < until]
    past.sort(key=lambda one: (ended(one), one.started_at, one.swap))
    walk = _Walk(changes=changes, places={one.version: at for at, one in enumerate(changes)})
    for one in past:
        walk.take(one)
    begun = past[0].started_at if past and not past[0].replaced else 0.0
    whole = Figures(
        since=0.0,
        until=until,
        begun=begun,
        deliveries=tuple(walk.deliveries),
        restorations=tuple(sorted(walk.restorations, key=lambda one: served(one.cured))),
    )
    return dataclasses.replace(whole.part(since, until), still_broken=walk.broken)


def ended(record: DeploymentRecord) -> float:
    """Return when a deployment had come to its end, or was heard of last."""
    return record.ended_at or record.serving_at or record.started_at


def served(record: DeploymentRecord) -> float:
    """Return when a deployment that succeeded began to serve."""
    return record.serving_at or ended(record)


@dataclass(kw_only=True)
class _Walk:
    """Goes through the deployments, the oldest first.

    :param broken: what failed, while nothing has come to serve since.
    :param known: versions whose commits have served before.
    :param served: editions that have served before.
    """

    changes: Sequence[Change]
    places: Mapping[str, int]
    deliveries: list[Delivery] = field(default_factory=list)
    restorations: list[Restoration] = field(default_factory=list)
    broken: DeploymentRecord | None = None
    known: set[str] = field(default_factory=set)
    served: set[str] = field(default_factory=set)

    def take(self, record: DeploymentRecord) -> None:
        back = self._is_way_back(record)
        if record.outcome is Outcome.SUCCEEDED:
            self.served.add(record.release.version)
        if back:
            # One that fails is no change: what it was to cure is still to be cured.
            if record.outcome is Outcome.SUCCEEDED:
                self._taken_back(record)
                self._cured(record)
            return
        if record.outcome is Outcome.SUCCEEDED:
            self.deliveries.append(Delivery(record=record, leads=tuple(self._leads(record))))
            self._cured(record)
            return
        self.deliveries.append(Delivery(record=record, failed=True))
        if _left_as_it_was(record):
            self._restored(record, record, record.started_at)
        elif self.broken is None:
            self.broken = record

    def _is_way_back(self, record: DeploymentRecord) -> bool:
        version, replaced = record.release.version, record.replaced
        if version != replaced and version_of(version) == version_of(replaced):
            return version in self.served  # to the settings of before
        own, before = self._place(version), self._place(replaced)
        return own is not None and before is not None and own < before

    def _place(self, name: str) -> int | None:
        """Return where the release of an edition is in the order of the branch."""
        return self.places.get(version_of(name))

    def _taken_back(self, record: DeploymentRecord) -> None:
        """Find the deployment that a way back undoes: the last that brought what it replaced."""
        for place in reversed(range(len(self.deliveries))):
            one = self.deliveries[place]
            came = one.record.outcome is Outcome.SUCCEEDED
            if came and one.record.release.version == record.replaced:
                if not one.failed:
                    self.deliveries[place] = dataclasses.replace(one, failed=True)
                    self._restored(one.record, record, served(one.record))
                return

    def _cured(self, record: DeploymentRecord) -> None:
        if self.broken is not None:
            self._restored(self.broken, record, self.broken.started_at)
            self.broken = None

    def _restored(self, broke: DeploymentRecord, cured: DeploymentRecord, since: float) -> None:
        seconds = max(0.0, served(cured) - since)
        self.restorations.append(Restoration(broke=broke, cured=cured, seconds=seconds))

    def _leads(self, record: DeploymentRecord) -> Iterable[Lead]:
        for change in self._brought(record):
            if change.version in self.known:
                continue
            self.known.add(change.version)
            if change.commit.at:
                seconds = max(0.0, served(record) - change.commit.at)
                yield Lead(change=change, seconds=seconds)

    def _brought(self, record: DeploymentRecord) -> Sequence[Change]:
        """Return what came with a deployment; of the first one, all that is known is its own."""
        version = version_of(record.release.version)
        own, before = self._place(version), self._place(record.replaced)
        if own is not None and before is not None:
            return self.changes[before + 1 : own + 1]
        # The branch's order does not say it: a release that is on record no more, or the first.
        return [Change(version=version, commit=record.commit)]


def _left_as_it_was(record: DeploymentRecord) -> bool:
    """Tell whether a deployment that failed left what served before, by itself."""
    if record.outcome is Outcome.ROLLED_BACK:
        return True
    return bool(record.serves) and record.serves != record.release.version
