"""Statuses of commits: what tasks leave for them, and who sends it."""
