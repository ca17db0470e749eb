"""Administration of topics and groups: creation, comparison and description."""
