"""Statuses of commits: what sends them, and what puts those right that nobody ended."""
