"""What checks the tests: seeded faults, and mutants of the modules that decide the most."""
