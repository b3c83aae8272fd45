"""The catalogue of faults: what people get wrong in back-propagation, as changes of the textbook's page."""
