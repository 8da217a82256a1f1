"""Measurements that people run; the tests only keep them alive."""
