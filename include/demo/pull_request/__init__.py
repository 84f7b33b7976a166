"""Pull requests at the demo's git host: the one of its story, and those that anybody opens."""
