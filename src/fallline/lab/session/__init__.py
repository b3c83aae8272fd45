"""The conversation with a page: messages in, answers out, over any transport."""
