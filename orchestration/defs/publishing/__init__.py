"""The read-only copy for BI clients."""
