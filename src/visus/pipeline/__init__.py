"""The story, one file a verb."""
