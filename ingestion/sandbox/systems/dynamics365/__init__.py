"""Dynamics 365's stand-in: Project Operations on Dataverse and Finance, two OData services behind one Entra tenant."""

from ingestion.sandbox.systems.dynamics365.system import System

__all__ = ["System"]
