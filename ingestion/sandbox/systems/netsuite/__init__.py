"""Oracle NetSuite's stand-in: SuiteQL and records over REST on the facts of the ERP, with both ways of authentication."""

from ingestion.sandbox.systems.netsuite.system import System

__all__ = ["System"]
