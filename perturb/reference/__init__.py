"""What the reference agents read with: general reading, with no word list and nothing of how setups are changed."""
