"""Runs without a browser: the drill, the labs, the kernel that they share, and a fast start."""
