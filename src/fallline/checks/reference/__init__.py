"""The samples at which a gradient is checked, and the right numbers there."""
