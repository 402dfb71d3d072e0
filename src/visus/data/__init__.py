"""Pictures: sources, decoding, preparing, splits, batches; no network is known here."""
