"""What keeps a submission in: levels, the walls of each, and the limits on what it may use up."""
