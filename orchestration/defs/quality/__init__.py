"""Checks at the raw boundary and the control totals from raw to the ledger."""
