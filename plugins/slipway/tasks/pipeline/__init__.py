"""A commit's pipeline in one task: which part of it, its secrets, its caches."""
