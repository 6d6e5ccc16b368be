"""Benchmarks: they print tables and ratios, and assert no times."""
