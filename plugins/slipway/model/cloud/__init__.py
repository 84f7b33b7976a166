"""The nouns of a fleet in the cloud: what is asked of machines, and what is found."""
