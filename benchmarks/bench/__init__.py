"""What ``make bench`` is made of: figures in one form, the run of all benchmarks, their page."""
