"""AWS besides fleets: sessions, names, balancers, machine images."""
