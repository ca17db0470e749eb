"""The schema registry: its protocol, a client, and subject names."""
