"""Small wrong changes that the tests have to catch: ``faults.toml``, applied one at a time."""
