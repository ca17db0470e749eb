"""Topics and groups: created, compared and described."""
