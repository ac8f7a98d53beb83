"""The grader: from a submission to a verdict, without trusting a line of the submission."""
