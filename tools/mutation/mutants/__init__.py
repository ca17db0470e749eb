"""Mutation testing by mutmut of the modules in which a mistake would cost the most."""
