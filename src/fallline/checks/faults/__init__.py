"""What people get wrong in back-propagation: a catalogue of changes of the textbook's page."""
