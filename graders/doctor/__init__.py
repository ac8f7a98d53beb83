"""The process that examines a script: trusted, with a sandbox in which the script runs."""
