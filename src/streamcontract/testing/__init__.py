"""Test tools for contracts: Hypothesis strategies for schemas and for their values."""
