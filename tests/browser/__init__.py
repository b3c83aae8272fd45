"""The lab in a real browser."""
