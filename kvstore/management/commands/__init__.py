"""What is done to the records beside the API."""
