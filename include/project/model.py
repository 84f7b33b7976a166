"""The project model: what a file in ``include/projects`` may say.

Nothing here knows of Airflow, so that editors, tests and the command line can use it alone.
Every model is frozen and refuses unknown keys. Lengths of time are written as people write
them (``90s``, ``5m``, ``1h``; a bare number is seconds) and read as :class:`timedelta`.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, model_validator

from include.project.cache import Caches
from include.project.capacity import Capacity
from include.project.duration import Duration
from include.project.field_types import (
    BalancerName,
    CloudName,
    ConnectionName,
    Droppable,
    ImagePattern,
    InstanceType,
    Name,
    PipelinePath,
    ProfileName,
    Region,
    RegistryHost,
    RepositoryPath,
    SecretSource,
)
from include.project.freeze import Freeze
from include.project.machines.written import MachineSpec, misfit
from include.project.migrating import EnvironmentMigrations
from include.project.migrating import Migrations as Migrations
from include.project.news import News, unknown_environment
from include.project.package import Package as Package
from include.project.repository.proposals import require_free_name
from include.project.repository.source import Repository as Repository
from include.project.rights import May, People, unmet_rights
from include.project.soak import Health as Health
from include.project.soak import Soak, WrittenCanary, WrittenSoak
from include.project.triggers import Trigger
from slipway.model.cache import CacheLimits

# Where the usual test tools leave their reports.
REPORTS = (
    "junit.xml",
    "report.xml",
    "test-results",
    "reports",
    "build/test-results",
    "target/surefire-reports",
)


class Strict(BaseModel):
    """Frozen, and unknown keys are mistakes."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Test(Strict):
    """How the commit's own pipeline runs."""

    __test__ = False

    pipeline: PipelinePath = ".drone.yml"
    """The pipeline file."""
    images: dict[str, str] = {}
    """Image names in the pipeline file and what is used in their place: a mirror, a local build."""
    registries: tuple[RegistryHost, ...] = ()
    """Registries that the pipeline's images may come from, `docker.io` for Docker Hub; all by
    default."""
    allowed_images: tuple[ImagePattern, ...] = ()
    """Images that the pipeline may use, `*` being any text: `python:3.*`, `registry.example.com/*`;
    all by default. Without a tag every tag is meant; what `images` maps is allowed."""
    registry_login: bool = False
    """Images may also be pulled with the registry login of the workers' Docker connection."""
    secrets: dict[str, SecretSource] = {}
    """Secrets that the pipeline may ask for: Airflow's `variable:NAME` or `connection:ID:FIELD`."""
    node: dict[str, str] = {}
    """Labels of the workers, for the pipeline's `node`."""
    reports: tuple[RepositoryPath, ...] = REPORTS
    """Files and folders in the workspace where steps leave JUnit reports."""
    cache: Caches = ()
    """Folders that runs hand on to the next, such as downloaded packages (docs/caches.md)."""
    timeout: Duration = timedelta(minutes=30)
    """For the whole pipeline."""
    trusted: bool = False
    """May use privileged containers, host volumes and the like."""
    strict: bool = False
    """What Drone passes over in silence in a pipeline file (unknown keys, words that are none) is a
    mistake here, not a warning."""


class Deploy(StrEnum):
    """When an environment is deployed to."""

    CONTINUOUS = "continuous"
    MANUAL = "manual"


class BakeWhen(StrEnum):
    """Beside the tests, or behind them."""

    EARLY = "early"
    AFTER_TESTS = "after_tests"


class Aws(Strict):
    """The account and region that an environment lives in."""

    connection: ConnectionName = "aws_default"
    """Airflow connection."""
    region: Region


class Instance(Strict):
    """What each machine is."""

    type: InstanceType = "t3.micro"
    subnets: Annotated[tuple[CloudName, ...], Field(min_length=1)]
    """Ids, or values of the Name tag."""
    security_groups: Annotated[tuple[CloudName, ...], Field(min_length=1)]
    """Ids, or group names."""
    profile: ProfileName | None = None
    """Instance profile, the application's role."""
    drop: tuple[Droppable, ...] = ()
    """What a new fleet does not take over from the live one, by its name in docs/fleets.md."""


class Size(Strict):
    """How many machines, where no live group says otherwise."""

    min: Annotated[int, Field(ge=0)] = 1
    desired: Annotated[int, Field(ge=1)] = 1
    max: Annotated[int, Field(ge=1)] = 2

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.min <= self.desired <= self.max:
            msg = f"min <= desired <= max must hold, not {self.min}, {self.desired}, {self.max}"
            raise ValueError(msg)
        return self


class Environment(Strict):
    """One place where the project runs."""

    deploy: Deploy = Deploy.MANUAL
    approval: bool = False
    """A person must approve each deployment in Airflow's UI."""
    approvals: Annotated[int, Field(ge=1, le=5)] = 1
    """How many different people must, with `approval: true`."""
    four_eyes: bool = False
    """Nobody approves a run that he started, or a release with a commit of his in it
    (docs/rights.md)."""
    may: May = May()
    """Who may deploy, approve, override a freeze, and hold (docs/rights.md)."""
    freeze: tuple[Freeze, ...] = ()
    """When nothing is deployed, unless somebody gives a reason to."""
    promotion: bool = False
    """Run the release's pipeline before the swap, with the event `promote`, or `rollback` on the
    way back, and this environment as the target; a failure stops the deployment
    (docs/triggers.md)."""
    aws: Aws
    database: ConnectionName | None = None
    """Airflow connection (postgres) that goose migrates; required with ``migrations``."""
    migrations: EnvironmentMigrations = EnvironmentMigrations()
    """What is other here than `migrations` has it for all environments."""
    target_group: BalancerName | None = None
    """Name of an ALB or NLB target group."""
    load_balancer: BalancerName | None = None
    """Name of a classic load balancer."""
    instance: Instance
    machine: MachineSpec | None = None
    """Where its machines differ from the project's: only what does."""
    size: Size = Size()
    health: Health = Health()
    soak: WrittenSoak = Soak()
    """How long the new fleet is watched before the old one is let go, and by what."""
    canary: WrittenCanary = None
    """A few machines of a new release first, watched beside the full old fleet, then the rest."""
    keep_old: Duration = timedelta(minutes=5)
    """How long the old fleet is kept warm, out of traffic, for a fast roll back."""
    keep_failed: Duration = timedelta(0)
    """How long one ill machine of a release that failed is kept, out of traffic, for somebody to
    look at; by default none is."""

    @model_validator(mode="after")
    def _one_balancer(self) -> Self:
        if (self.target_group is None) == (self.load_balancer is None):
            msg = "name either target_group or load_balancer"
            raise ValueError(msg)
        return self


class Retention(Strict):
    """What is kept of old releases."""

    releases: Annotated[int, Field(ge=1)] = 10
    """How many releases keep their machine image."""
    caches: Duration = CacheLimits().unused
    """How long a folder of `test.cache` is kept that no run has begun with."""
    cache_gib: Annotated[int, Field(ge=1)] = CacheLimits().size >> 30
    """GiB that all of them may come to; the least used go first."""

    @property
    def cache_limits(self) -> CacheLimits:
        """What is kept of the project's caches."""
        return CacheLimits(unused=self.caches, size=self.cache_gib << 30)


class Project(Strict):
    """One project file."""

    name: Name
    owner: str = "slipway"
    """Shown in Airflow's UI."""
    tags: tuple[str, ...] = ()
    repository: Repository
    test: Test = Test()
    triggers: dict[Name, Trigger] = {}
    """Schedules by which the pipeline is run, by names that its conditions may ask for
    (docs/triggers.md)."""
    package: Package
    bake: BakeWhen = BakeWhen.EARLY
    """When the image for the continuous environment is baked: `early`, beside the tests, or
    `after_tests`. What did not pass is no release's either way (docs/machines.md)."""
    migrations: Migrations | None = None
    machine: MachineSpec | None = None
    """What its machines are: Debian 12 on amd64, with nothing else on them, by default."""
    environments: Annotated[dict[Name, Environment], Field(min_length=1)]
    news: News = {}
    """Channels that are told what broke, is fixed, deployed or rolled back (docs/news.md)."""
    retention: Retention = Retention()
    capacity: Capacity = Capacity()
    """Pools and queues of its tasks, where they are not those of all projects (docs/scale.md)."""
    people: People = {}
    """For a login the names and addresses that its commits carry, for `four_eyes`."""
    _shares_commits: bool = PrivateAttr(default=False)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        continuous = [n for n, e in self.environments.items() if e.deploy is Deploy.CONTINUOUS]
        require_free_name(self.name, self.repository, self.environments)
        if len(continuous) > 1:
            msg = f"only one environment can be continuous, not {' and '.join(continuous)}"
            raise ValueError(msg)
        if self.migrations is not None:
            without = [n for n, e in self.environments.items() if e.database is None]
            if without:
                msg = f"migrations need a database in: {', '.join(without)}"
                raise ValueError(msg)
        for name, one in self.environments.items():
            one.migrations.require_rehearsed(self.migrations, name)
        for name, one in self.environments.items():
            self._require_fitting_machine(name)
            if wrong := unmet_rights(name, one):
                raise ValueError(wrong)
        if wrong := unknown_environment(self.news, self.environments):
            raise ValueError(wrong)
        return self

    def _require_fitting_machine(self, name: str) -> None:
        instance = self.environments[name].instance
        written = instance.type if "type" in instance.model_fields_set else None
        suites, spec = self.package.suites, self.machine_spec(name)
        if wrong := misfit(name, spec, suites=suites, instance_type=written):
            raise ValueError(wrong)

    def machine_spec(self, name: str) -> MachineSpec | None:
        """Return how the file describes the machines of one environment, if it does."""
        own = self.environments[name].machine
        return own.over(self.machine) if own else self.machine

    def migration_settings(self, name: str) -> EnvironmentMigrations:
        """Return what holds for the migrations of one environment."""
        return self.environments[name].migrations.over(self.migrations)

    def sharing_commits(self) -> Self:
        """Return it as one of several projects that show statuses on the same commits."""
        one = self.model_copy()
        one._shares_commits = True
        return one

    @property
    def shares_commits(self) -> bool:
        """Whether another project shows statuses on the same commits."""
        return self._shares_commits

    @property
    def continuous(self) -> str | None:
        """The environment that every commit is deployed to, if there is one."""
        names = (n for n, e in self.environments.items() if e.deploy is Deploy.CONTINUOUS)
        return next(names, None)
