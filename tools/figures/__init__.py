"""The figures of the tutorial: ``python -m figures`` writes them into docs/tutorial/figures/."""
