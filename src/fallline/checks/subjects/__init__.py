"""One check for each kind of subject: a network, a landscape, an activation, a loss, an optimizer."""
