"""The parts of the asset graph; ``orchestration.definitions`` puts them together."""
