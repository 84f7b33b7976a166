"""Whether there is all that a deployment needs, judged from what was seen."""
