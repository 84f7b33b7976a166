"""Notes for whoever sends or sums up later: statuses, news, and what webhooks told."""
