"""Where bounds come from."""
