"""A small lot without Linux: up to eight EVSEs, one meter, the gateway's own step."""
