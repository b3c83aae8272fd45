"""The report of a fitted model: one page on its data, its network, its training and its errors."""
