"""One folder per vendor system."""
