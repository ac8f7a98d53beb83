"""The process that runs a submission: untrusted."""
