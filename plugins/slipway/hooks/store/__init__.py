"""What is kept: artifacts, releases, deployments, approvals, the facts of a run."""
