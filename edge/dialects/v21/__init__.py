"""OCPP 2.1 as the site's words: 2.0.1, and how it differs."""
