"""Payload <-> message of OCPP 2.1: its own schemas, the structs of 2.0.1, and those that only 2.1 has."""

from edge.ocpp.v21 import dynamic
from edge.ocpp.v201.codec import BLOCKS, Codec

CODEC = Codec("2.1", "v21", (*BLOCKS, dynamic))
