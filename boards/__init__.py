"""What runs on a microcontroller: MicroPython over the same core as the gateway."""
