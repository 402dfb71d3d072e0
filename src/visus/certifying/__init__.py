"""The certificate: what was measured of a model, held against gates, and signed."""
