"""Markets that are generated: sources of data that need no file."""
