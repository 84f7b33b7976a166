"""Weights, pools and queues of tasks: who waits for whom where workers are few."""
