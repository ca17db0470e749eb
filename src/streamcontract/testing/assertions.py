"""Comparisons of typed messages, with differences that name the field."""
