"""`python -m tests.bench`: this project beside the stock `ocpp` package, the same jobs in one run."""
