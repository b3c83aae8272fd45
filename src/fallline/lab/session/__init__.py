"""The conversation with a page: messages in, answers out, whoever carries them."""
