"""What is to be learned: targets in, loss and metrics, decoded answers out."""
