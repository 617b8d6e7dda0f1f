"""What is told of the running bot to who asks by HTTP."""
