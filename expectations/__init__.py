"""What must hold of the data at the raw boundary, and the control totals that tie raw to the ledger.

Nothing here knows who runs it: a suite is declared, ``engine.validate`` runs it in the warehouse and reports.
Great Expectations is imported when the first suite runs, because its import costs seconds.
"""
