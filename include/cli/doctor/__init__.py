"""``fab check``: what is wrong here, what is wrong around a project, and what to do about it."""
