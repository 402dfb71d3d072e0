"""The words every room shares: errors, registries, seeds, files, settings, reports."""
