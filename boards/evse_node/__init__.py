"""A socket's own board: pilot, contactor, meter, and the registers by which a gateway drives it."""
