"""Reads a folder of logs."""
