"""What is done to the services, one small class each."""
