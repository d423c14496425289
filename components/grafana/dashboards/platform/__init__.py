"""The platform's own health."""
