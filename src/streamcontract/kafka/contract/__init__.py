"""Contracts bound to topics: keys, serializers and deserializers, framings of payloads."""
