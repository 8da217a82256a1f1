"""Control totals as each system's raw records give them, written without the staging and mapping that they control.

One module per system with ``controls(raw) -> {control: sql}``. The SQL returns ``period`` (month as YYYY-MM, or 'all'),
``unit`` (currency, or what is counted), ``records`` and ``total``; amounts are in the unit's currency.
"""
