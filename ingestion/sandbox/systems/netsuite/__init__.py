"""Oracle NetSuite's stand-in: SuiteQL over REST on the facts of the ERP, with OAuth 2.0 (JWT) and token-based authentication."""

from ingestion.sandbox.systems.netsuite.system import System

__all__ = ["System"]
