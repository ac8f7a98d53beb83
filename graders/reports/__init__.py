"""Renderers: pure functions of a verdict."""
