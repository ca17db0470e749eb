"""Pages as plain values, made from brokers, registry and project; templates only show them."""
