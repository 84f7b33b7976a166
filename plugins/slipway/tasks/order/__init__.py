"""Of two commits, which came first; and what that means for approvals and deployments."""
