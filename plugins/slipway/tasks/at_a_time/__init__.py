"""Deployments that are set for a time: when it is, and what was planned for it."""
