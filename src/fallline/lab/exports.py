"""What the page saves."""
