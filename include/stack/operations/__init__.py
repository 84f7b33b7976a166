"""What is done to a whole installation that Compose runs: back up, restore, upgrade.

Standard library alone: it runs on the machine that has the containers, where nothing else is.
"""
