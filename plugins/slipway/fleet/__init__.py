"""What a server group should do next, and why: plans, gates, the loop that carries them out."""
