"""Ready property tests for every contract of a project."""
