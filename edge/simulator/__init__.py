"""The simulated lot behind real protocols on real sockets, for rehearsals, fault tests and the demo."""
