"""The exercises in an editor: each check is a test of pytest. Nothing of a student runs here."""
