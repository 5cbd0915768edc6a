"""The simulated lot as physics: cars, wiring, building and circuits. No sockets, no clock of its own."""
