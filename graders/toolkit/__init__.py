"""What a check may import: questions about a rebuilt model, its trainings, and its answers."""
