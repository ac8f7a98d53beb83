"""A model from its config, over an allowlist."""
