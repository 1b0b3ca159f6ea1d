"""The REST edge: HTTP in, messages of the data plane out, and every failure as one problem document."""
