"""Poison, dead letters, their topic and its replay."""
