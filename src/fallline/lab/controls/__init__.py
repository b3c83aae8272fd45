"""Controls of the page, described from the declarations of their settings."""
