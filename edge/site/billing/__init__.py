"""What a session costs: tariffs and charge detail records with the semantics of OCPI 2.2.1."""
