"""Every claim of speed or accuracy as a command: both sides, one run, one ratio."""
