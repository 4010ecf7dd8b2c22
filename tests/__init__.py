"""Tests of Pilothouse. `tests.benchmarks` is run as a program, so that this folder is a package."""
