"""What measures circuits: drivers of meters, each handing its readings to the site."""
