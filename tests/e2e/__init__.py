"""Whole runs of the product, in processes of their own where that matters."""
