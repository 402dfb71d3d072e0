"""Parse, call the pipeline, print; one file a verb."""
