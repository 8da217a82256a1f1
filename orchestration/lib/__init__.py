"""What the definitions share: translators, the dbt runtime, names, the Dagster instance."""
