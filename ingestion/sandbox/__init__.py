"""Stand-ins that speak each vendor's real protocol over the same business facts."""
