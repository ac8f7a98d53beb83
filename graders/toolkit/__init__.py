"""What a check may use."""
