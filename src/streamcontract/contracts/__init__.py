"""Generated from the schemas in ``schemas/``, one module for each contract."""
