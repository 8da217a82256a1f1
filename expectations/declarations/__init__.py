"""Per system: what a raw object's values may be, beyond the types that its source declares."""
