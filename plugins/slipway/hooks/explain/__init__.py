"""Asks ill machines, and their balancer, what is wrong with them."""
