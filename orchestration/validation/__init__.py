"""The validation interface: what other systems ask before they book, answered by the published register and its rules.

Nothing is judged here by a rule of its own. The published copy holds, beside the canonical tables and the ledger, the SQL
that the ledger was made by; a record that somebody asks about is laid over the tables, in memory, and the same SQL says
what the ledger would.

``snapshot`` follows the published copy; ``supposing`` lays records over it and applies the rules; ``lookups`` and
``judgements`` answer; ``answers`` and ``questions`` are the typed JSON; ``keys`` says who may ask what; ``app`` is the ASGI
application that ``leakage gateway`` serves under ``/v1``.
"""
