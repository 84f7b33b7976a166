"""The only door to the world: each room talks to one kind of thing outside."""
