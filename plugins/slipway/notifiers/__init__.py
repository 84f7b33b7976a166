"""Messages for people: how they read, and how each kind of channel is given them."""
