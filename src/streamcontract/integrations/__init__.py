"""Integrations with other libraries; only the module of a library imports it."""
