"""Checks of the section."""
