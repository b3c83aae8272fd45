"""A user's own code: functions become records with the same standing as ours, and FILE.py:NAME is loaded."""

from fallline.user_code.records import activation, landscape, loss, optimizer, plain_landscape

__all__ = ["activation", "landscape", "loss", "optimizer", "plain_landscape"]
