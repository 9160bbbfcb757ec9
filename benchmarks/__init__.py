"""Room: how fast, against whom. `python -m benchmarks`, or `make bench`.

Lives here: one module for each group of measurements, each side by side in one run.
Never here: tests. Nothing in tests/ depends on how fast a machine is.
"""
