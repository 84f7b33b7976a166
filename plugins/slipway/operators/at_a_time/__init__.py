"""Deployments that are set for a time: the task that waits for it."""
