"""Everything that Slipway raises on purpose.

* SlipwayError                      says what happened and what to do next
  * InputError                      the commit or the project is at fault: a retry cannot help
  * TransientError                  the surroundings are at fault: a retry may help

One class for each cause, grouped by these two.
"""

from __future__ import annotations


class SlipwayError(Exception):
    """Root of the tree.

    :param message: what happened, in one sentence.
    :param advice: what the reader should do next; empty where the message says it all.
    """

    def __init__(self, message: str, *, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice

    def __str__(self) -> str:
        """Return the message, followed by the advice on a line of its own."""
        return f"{self.message}\n  what to do: {self.advice}" if self.advice else self.message


class InputError(SlipwayError):
    """The commit or the project is at fault; trying again cannot help."""


class RefNotFound(InputError):
    """The repository has no such branch, tag or sha."""


class BranchNotFound(RefNotFound):
    """The repository does not have the branch that is watched."""


class RefAmbiguous(InputError):
    """A name means more than one thing in the repository."""


class NotDeliverable(InputError):
    """No branch or tag that the project delivers reaches the commit."""


class RepositoryTooLarge(InputError):
    """A commit's tree, or what it includes from elsewhere, is over a limit."""


class RepositoryDamaged(InputError):
    """A repository holds objects that git's own check refuses."""


class LargeFilesElsewhere(InputError):
    """What a commit's pointers of Git LFS stand for cannot be had."""


class RepositoryRefused(InputError):
    """A repository URL, or a path inside a repository, is not allowed."""


class ProjectFileError(InputError):
    """A project file has a mistake."""


class PipelineFileMissing(InputError):
    """The commit has no pipeline file."""


class PipelineFileError(InputError):
    """The pipeline file cannot be read, or breaks a rule."""


class TestsFailed(InputError):
    """A step of the commit's pipeline failed."""

    __test__ = False


class ImageRefused(InputError):
    """An image's name is none, or not for this project to use."""


class NothingRan(InputError):
    """No step of the commit's pipeline ran and passed; so it shows nothing."""


class BuiltFilesMissing(InputError):
    """The pipeline did not build what the project file says that it does."""


class BuiltFilesRefused(InputError):
    """What the pipeline built is more than is taken, or of a kind that is not."""


class MigrationFailed(InputError):
    """Goose refused or failed a migration."""


class RightMissing(MigrationFailed):
    """A migration needs a right that the role which runs it does not have."""


class LiveReleaseBroken(MigrationFailed):
    """The release that serves now does not work on the schema that a commit migrates to."""


class HeavyMigration(MigrationFailed):
    """A migration would keep others from a large table, and the project does not allow that."""


class SchemaAhead(InputError):
    """The database is ahead of the release, and the project does not allow that."""


class ArtifactKeyRefused(InputError):
    """A key would be outside of the artifact store's place."""


class PackageRefused(InputError):
    """The package cannot be built as it is described."""


class VersionConflict(InputError):
    """The same version exists already, with other content."""


class ReleaseNotFound(InputError):
    """The catalogue has no such release."""


class RecordRefused(InputError):
    """A record in the artifact store was not signed by this Slipway, or not as it is there."""


class MachineImageRefused(InputError):
    """A machine image is not the one that was recorded when it was baked."""


class BakeFailed(InputError):
    """Packer or Ansible failed on what goes into the image."""


class EarlyBakeFutile(InputError):
    """There is nothing to bake beside the tests."""


class UnhealthyRelease(InputError):
    """The new fleet did not become healthy in time."""


class EnvironmentMisconfigured(InputError):
    """The cloud lacks something that the project file names."""


class PreflightFailed(InputError):
    """Something that a deployment will need is missing or wrong; nothing was changed."""


class EnvironmentFrozen(InputError):
    """The environment must be left alone now."""


class PlanOutdated(InputError):
    """Something else serves now than what the approved plan replaces."""


class ApprovalMissing(InputError):
    """Nobody said yes to what a task would do, in the run that it belongs to."""


class ApprovalUsedUp(InputError):
    """The swap that a yes was given for has come to its end; it does not count twice."""


class ReleaseAltered(InputError):
    """What a task was told of a release is not what the catalogue has of it."""


class FactMissing(InputError):
    """A task of the run signed nothing of what it is said to have done."""


class DryRunOnly(InputError):
    """A task that would change something was reached by a dry run."""


class UnknownParameter(InputError):
    """A run was started with a key that its DAG does not know."""


class EnvironmentBusy(InputError):
    """Somebody else has been changing the environment for longer than a run waits."""


class HookRefused(InputError):
    """A delivery of a webhook carries no signature made with a secret of its project."""


class HookMalformed(InputError):
    """A delivery is signed, and yet nothing that a git host sends."""


class OrderRefused(InputError):
    """Airflow does not do what a person asks for, or the run does not ask it any more."""


class ForgeRefused(InputError):
    """A git host does not take what it is told of a commit, or not from this connection."""


class ChannelRefused(InputError):
    """A channel does not take a message, or not from this connection."""


class TransientError(SlipwayError):
    """The surroundings are at fault; trying again may help."""


class MirrorsUnsafe(TransientError):
    """The folder of mirrors belongs to somebody else, or leads somewhere else."""


class RepositoryUnreachable(TransientError):
    """Git could not talk to the repository's server."""


class RepositoryUnreadable(TransientError):
    """Git failed at a repository, or at keeping it here, and not for want of an answer."""


class RunsNotMade(TransientError):
    """Airflow did not take some of the runs that the watcher asked for."""


class RepositoriesInTrouble(TransientError):
    """Repositories that are watched cannot be read, or lack what is watched in them."""


class ContainerEngineError(TransientError):
    """Docker failed, or is not there."""


class ImageUnavailable(TransientError):
    """A container image can neither be found nor pulled."""


class ToolFailed(TransientError):
    """A tool in the toolbox stopped unexpectedly."""


class StepTimedOut(TransientError):
    """Something ran longer than its limit."""


class PipelineStopped(TransientError):
    """The pipeline's run was stopped from outside."""


class CloudUnavailable(TransientError):
    """The cloud's API does not answer, or throttles beyond the retry budget."""


class DatabaseUnavailable(TransientError):
    """An environment's database lets nobody in now."""


class LeaseHeld(TransientError):
    """Somebody else is changing this environment."""


class ForgeUnavailable(TransientError):
    """A git host's API does not answer, or asks to be left alone for ``retry_after`` seconds."""

    def __init__(self, message: str, *, retry_after: float = 0.0, advice: str = "") -> None:
        super().__init__(message, advice=advice)
        self.retry_after = retry_after


class ChannelUnavailable(TransientError):
    """A channel does not answer, or asks to be left alone for ``retry_after`` seconds.

    With ``maybe_sent``, nobody knows whether the message arrived.
    """

    def __init__(
        self,
        message: str,
        *,
        retry_after: float = 0.0,
        maybe_sent: bool = False,
        advice: str = "",
    ) -> None:
        super().__init__(message, advice=advice)
        self.retry_after = retry_after
        self.maybe_sent = maybe_sent
