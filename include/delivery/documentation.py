"""What Airflow's UI says about the generated DAGs and their tasks."""

from __future__ import annotations

from include.project.model import Project
from slipway.links import addresses
from slipway.model.text.inert import inert

_TASKS = {
    "checkout": (
        "Finds the commit that the ref names and gives it its version. Fails for good when there "
        "is no such ref, when it means more than one thing, and when no branch or tag that is "
        "delivered reaches it."
    ),
    "checkout_proposal": (
        "Finds the commit of a pull request and merges it with the branch that it wants to go to, "
        "for this run alone; where the two do not merge it is tested as it is, and the log names "
        "the files. A run by hand is about a branch of the repository."
    ),
    "approve_commit": (
        "Lets a pull request run, and waits for a person where it changes the pipeline file or "
        "the migrations: read the change under *Required Actions*, approve or reject, say why. "
        "A yes counts for this commit alone; a no ends the run."
    ),
    "test": (
        "Runs the commit's own pipeline file in containers, beside its services. "
        "The log has a group per step and a table at the end."
    ),
    "build": (
        "Runs the pipeline that builds what ships, and what it depends on, and keeps what it "
        "built. The other pipelines follow in `test`, while the package is built."
    ),
    "rehearse_migrations": (
        "Runs goose up, down and up again on a fresh Postgres that was brought to where the "
        "environments stand, so that neither way surprises anybody later. Then each release that "
        "serves now is started on the migrated schema; where it fails there, the run ends, naming "
        "its first failed query."
    ),
    "build_deb": (
        "Builds the Debian package with nfpm and checks it with lintian: of the sources, and of "
        "what the pipeline built where the project file names that."
    ),
    "publish_apt": "Adds the package to the signed apt repository; every version stays there.",
    "record_release": "Enters the release into the catalogue that every environment chooses from.",
    "check_freeze": (
        "Stops the run while the environment is frozen, naming the window and its end; "
        "`override_freeze` with a reason lets it through."
    ),
    "choose_release": (
        "Takes a release out of the catalogue, where only those are that passed the commit "
        "pipeline: the one that was named, or what the environment before this one runs."
    ),
    "plan": (
        "Tells what would be baked, migrated, launched, shifted and retired. "
        "A dry run ends here; a person who approves sees it first."
    ),
    "approve": (
        "Waits for a person: read the plan under *Required Actions*, approve or reject, say why. "
        "Who, when and why stay in the log and the XCom `approval`; a no ends the run. "
        "A yes counts for this release, plan and run, and for one swap."
    ),
    "wait_for_time": (
        "Waits, without a worker, for the time that the run was set for (`at`), then plans again: "
        "what is not as it was approved, held, frozen or stopped ends the run with the difference. "
        "A run that is set for no time goes on at once."
    ),
    "preflight": (
        "Looks at everything that the deployment will need (balancer, subnets, security groups, "
        "image, quotas, rights, parameters, alarms, database) and names all that is missing or "
        "wrong at once. It changes nothing."
    ),
    "bake_image": (
        "Bakes the machine image with Packer and Ansible, "
        "or finds one: of the same inputs for a commit, of the same package for a release. "
        "What was baked beside the tests becomes the release's here."
    ),
    "bake_early": (
        "Bakes the machine image while the commit is tested; its builder comes up while the "
        "package is built. The package comes from candidates, where no machine looks, and no tag "
        "or record names the image's content before the commit has passed; then `bake_image` "
        "takes it on. It decides nothing: where it bakes none, `bake_image` does."
    ),
    "promote": (
        "Runs the release's own pipeline file for the event `promote`, or `rollback` on the way "
        "back, with this environment as its target. A failure stops the deployment."
    ),
    "migrate": "Runs goose on the environment's database. The old fleet meets the new schema.",
    "launch_canary": (
        "Starts the first few machines of the release beside the live fleet, outside the load "
        "balancer. A release that comes back from standby gets all of its machines at once."
    ),
    "canary_healthy": "Asks each machine of the canary for its health, directly.",
    "shift_canary": "Lets the canary into the load balancer, beside the full old fleet.",
    "canary_in_service": "Waits until the load balancer has the canary in service.",
    "canary_soak": (
        "Watches the canary: the load balancer's word, the probe, the alarms. "
        "A breach rolls back by itself."
    ),
    "launch": (
        "Starts the release's server group beside the live one, outside the load balancer; after "
        "a canary, the rest of it."
    ),
    "fleet_healthy": "Asks every new machine for its health, directly.",
    "shift_traffic": "Lets the new server group into the load balancer.",
    "fleet_in_service": "Waits until the load balancer has every new machine in service.",
    "soak": (
        "Watches the new fleet before the old one is let go: the load balancer's word, the probe, "
        "the alarms. A breach rolls back by itself; a release that served before passes at once."
    ),
    "retire_old": (
        "Drains the old server group, then keeps it warm or removes it. "
        "A standby whose time is over is removed by housekeeping."
    ),
    "record_deployment": "Remembers that the release serves, so that `previous` finds it later.",
    "roll_back": "Only after a failure: removes the new server group; the old one goes on serving.",
}
_ASKS = "A person must approve each run. "


def task(name: str) -> str:
    """Return the documentation of one kind of task, in Markdown."""
    return _TASKS[name]


def commit_dag(project: Project) -> str:
    """Return the documentation of a project's commit DAG, in Markdown."""
    asks = project.continuous and project.environments[project.continuous].approval
    return "\n".join(
        [
            f"# {project.name}: from a commit to {project.continuous or 'a release'}",
            "",
            f"One run per commit of {inert(project.repository.branch)} in "
            f"{inert(project.repository.url)}.",
            "Start one by hand for any branch, tag or sha with *Trigger*.",
            *([f"{_ASKS}A newer commit takes the place of one that waits."] if asks else []),
            "",
            *_environments(project),
        ]
    )


def cron_dag(project: Project, name: str) -> str:
    """Return the documentation of a schedule's DAG, in Markdown."""
    trigger = project.triggers[name]
    branch = trigger.branch or project.repository.branch
    return "\n".join(
        [
            f"# {project.name}: {name}",
            "",
            f"Runs the pipeline of the newest commit of {inert(branch)} at `{trigger.cron}`, "
            f"{trigger.timezone}, with the event `cron` and the schedule's name. Nothing is "
            "packaged, released or deployed.",
            "*Trigger* runs it now.",
        ]
    )


def pull_request_dag(project: Project) -> str:
    """Return the documentation of a project's DAG of proposals, in Markdown."""
    return "\n".join(
        [
            f"# {project.name}: what is proposed",
            "",
            f"One run per commit of each pull request for {inert(project.repository.url)}, as the "
            "branch would be with it. Nothing is published, recorded or deployed.",
            "Start one by hand for any branch with *Trigger*.",
        ]
    )


def environment_dag(project: Project, name: str) -> str:
    """Return the documentation of one environment's DAG, in Markdown."""
    approval = _ASKS if project.environments[name].approval else ""
    return "\n".join(
        [
            f"# {project.name} on {name}",
            "",
            f"Puts any release that passed the pipeline on **{name}**. {approval}"
            "To roll back, run it with the earlier version, or `previous`; "
            "with `dry_run` it prints the plan and changes nothing.",
            "",
            f"[{name} on the board]({addresses.environment(project.name, name)})",
            "",
            *_environments(project),
        ]
    )


def _environments(project: Project) -> list[str]:
    rows = [
        f"| [{name}]({addresses.environment(project.name, name)}) | {one.deploy.value} "
        f"| {one.aws.region} "
        f"| {inert(one.target_group or one.load_balancer or '')} "
        f"| {one.size.min} to {one.size.max} |"
        for name, one in project.environments.items()
    ]
    head = ["| environment | deploys | region | balancer | machines |", "|---|---|---|---|---|"]
    return [*head, *rows]
