"""Raw assets: one load per enabled system."""
