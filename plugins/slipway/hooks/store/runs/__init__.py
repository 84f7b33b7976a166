"""What is on record of runs: their facts, and which commit of a branch is the newest."""
