"""One change of an environment at a time: a lease that lies in the cloud, beside what it guards.

Airflow, shells and people on other machines share nothing but the cloud, so the lease is a
parameter of SSM's Parameter Store. It has no end in time: a slow owner is not a dead one.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any
from uuid import uuid4

from botocore.exceptions import ClientError

from slipway.exceptions import LeaseHeld
from slipway.hooks.aws.errors import retry_transient
from slipway.hooks.fleet.fence import fenced
from slipway.model.cloud.lease import LeaseRecord, UnfinishedSwap

_GONE, _TAKEN = "ParameterNotFound", "ParameterAlreadyExists"


def _never(owner: str) -> bool:  # noqa: ARG001
    return False


def _anybody(held: LeaseRecord | None) -> str:  # noqa: ARG001
    """Let everybody begin whose turn it is."""
    return ""


class FleetLease:
    """The lease on one environment of one project.

    A task takes it, :meth:`check` comes before each of its changes, and the last task of the
    swap gives it back. The same owner takes it again at each task and each try, and whoever held
    it until then is refused from that moment on, also a try that only seemed to be dead.

    :param client: gives the boto3 client of a service by its name.
    :param project: the project's name.
    :param environment: the environment's name.
    :param owner: who asks.
    :param is_dead: says whether another owner is proven dead; without proof it lives.
    """

    def __init__(
        self,
        client: Any,
        *,
        project: str,
        environment: str,
        owner: str,
        is_dead: Callable[[str], bool] = _never,
    ) -> None:
        self._client = client
        # Not below /slipway/<project>/: machines read all that is there, as their settings.
        self.name = f"/slipway-leases/{project}/{environment}"
        self.owner = owner
        self._dead = is_dead
        self._mine: LeaseRecord | None = None

    @property
    def _ssm(self) -> Any:
        return self._client("ssm")

    @retry_transient
    def holder(self) -> LeaseRecord | None:
        """Read who holds it; None when it is free."""
        try:
            value = self._ssm.get_parameter(Name=self.name)["Parameter"]["Value"]
        except ClientError as error:
            if error.response["Error"]["Code"] != _GONE:
                raise
            return None
        return read_holder(value)

    def other_owner(self) -> LeaseRecord | None:
        """Return who else holds it and is not proven dead, if anybody.

        :raises CloudUnavailable: when the API does not answer.
        """
        held = self.holder()
        return held if self._is_rival(held) else None

    def _is_rival(self, held: LeaseRecord | None) -> bool:
        return held is not None and held.owner != self.owner and not self._dead(held.owner)

    def acquire(
        self,
        release: str = "",
        *,
        soaked: bool = False,
        plan: str = "",
        admit: Callable[[LeaseRecord | None], str] = _anybody,
    ) -> LeaseRecord:
        """Take it: when it is free, our own from an earlier task, or a dead owner's.

        What a dead owner left half done stays on record.

        :param release: the version that is brought in.
        :param soaked: its soak is over.
        :param plan: the approved plan that it is brought in by, if somebody was asked.
        :param admit: raises when the swap must not begin, or go on, after what is on record;
            returns the swap's name.
        :raises LeaseHeld: naming the owner, when that one lives, or was quicker.
        :raises CloudUnavailable: when the API does not answer.
        """
        held = self.holder()
        if self._is_rival(held):
            raise _held(held)
        own = UnfinishedSwap(release=release, soaked=soaked, plan=plan, name=admit(held))
        swaps = (*_without(release, held), *([own] if release else []))
        return self._grip(swaps, over=held)

    def finish(self, release: str) -> None:
        """Note that a swap has come to its end, and free it when that was the last.

        :param release: the version that was brought in, or not.
        :raises LeaseHeld: when it is no longer ours.
        :raises CloudUnavailable: when the API does not answer.
        """
        if swaps := _without(release, self._mine):
            self._grip(swaps, over=self._mine)
        else:
            self.release()

    def _grip(self, swaps: tuple[UnfinishedSwap, ...], *, over: LeaseRecord | None) -> LeaseRecord:
        generation = over.generation + 1 if over else 1
        mine = LeaseRecord(owner=self.owner, generation=generation, token=uuid4().hex, swaps=swaps)
        self._write(mine, over=over)
        self._mine = mine
        self.check()
        return mine

    def check(self) -> None:
        """Make sure that it is still ours. To be asked before each change.

        :raises LeaseHeld: when somebody else took over, or took it away.
        :raises CloudUnavailable: when the API does not answer.
        """
        held = self.holder()
        if self._mine is None or held != self._mine:
            raise _held(held)

    def release(self) -> None:
        """Free it; when it is no longer ours, nothing happens."""
        if self._mine is not None:
            self._remove(self._mine)
        self._mine = None

    @retry_transient
    def _write(self, mine: LeaseRecord, *, over: LeaseRecord | None) -> None:
        value, taken = _write_holder(mine), over is not None
        ssm = self._asking(over, mine)
        try:
            ssm.put_parameter(Name=self.name, Value=value, Type="String", Overwrite=taken)
        except ClientError as error:
            # Somebody was quicker, or our own first try arrived; the check that follows tells.
            if error.response["Error"]["Code"] != _TAKEN:
                raise

    @retry_transient
    def _remove(self, mine: LeaseRecord) -> None:
        try:
            ssm = self._asking(mine)
            ssm.delete_parameter(Name=self.name)
        except LeaseHeld:
            # An earlier try removed ours, and the next one has it by now.
            return
        except ClientError as error:
            if error.response["Error"]["Code"] != _GONE:
                raise

    def _asking(self, *known: LeaseRecord | None) -> Any:
        """Return a client for one change, of which each try asks who holds the lease.

        Else a try that botocore repeats would strike whoever came in between.
        """

        def ask() -> None:
            held = self.holder()
            if held not in known:
                raise _held(held)

        ask()
        return fenced(self._ssm, ask)


def _without(release: str, holder: LeaseRecord | None) -> tuple[UnfinishedSwap, ...]:
    return tuple(one for one in holder.swaps if one.release != release) if holder else ()


def _write_holder(holder: LeaseRecord) -> str:
    return json.dumps({**asdict(holder), "swaps": [_write_swap(one) for one in holder.swaps]})


def _write_swap(swap: UnfinishedSwap) -> dict[str, object]:
    # In the words of the first version: two of them may look at one lease.
    said = {"plan": swap.plan, "name": swap.name}
    given = {key: value for key, value in said.items() if value}
    return {"release": swap.release, "passed": swap.soaked, **given}


def read_holder(value: str) -> LeaseRecord:
    """Read a lease as it lies in the cloud.

    :param value: of the parameter.
    """
    try:
        raw = json.loads(value)
        return LeaseRecord(
            owner=str(raw["owner"]),
            generation=int(raw["generation"]),
            token=str(raw["token"]),
            swaps=tuple(
                UnfinishedSwap(
                    release=str(one["release"]),
                    soaked=bool(one["passed"]),
                    plan=str(one.get("plan", "")),
                    name=str(one.get("name", "")),
                )
                for one in raw.get("swaps", ())
            ),
        )
    except (ValueError, KeyError, TypeError):
        # Somebody wrote it by hand, to keep everybody away.
        return LeaseRecord(owner=value, generation=0, token="")


def _held(held: LeaseRecord | None) -> LeaseHeld:
    if held is None:
        msg = "the lease on the environment was taken away"
        return LeaseHeld(msg, advice="somebody removed it by hand; run the task again")
    what = f" to {held.swaps[-1].release}" if held.swaps else ""
    msg = f"{held.owner} is changing this environment{what} (generation {held.generation})"
    return LeaseHeld(msg, advice="wait until it is done; the task tries again by itself")
