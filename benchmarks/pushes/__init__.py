"""Many pushes at once, and a swap among them."""
